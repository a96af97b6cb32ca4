"""How is a number said with its word?"""


def count(number: int, word: str, plural: str = "") -> str:
    """A number with its word.

    >>> count(1, "series", "series"), count(3, "lesion")
    ('1 series', '3 lesions')
    """
    return f"{number} {word if number == 1 else plural or word + 's'}"
