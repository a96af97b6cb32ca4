"""How is a number said with its word, and a class whose name is a number?"""

import re
from collections.abc import Mapping

NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def count(number: int, word: str, plural: str = "") -> str:
    """A number with its word.

    >>> count(1, "series", "series"), count(3, "lesion")
    ('1 series', '3 lesions')
    """
    return f"{number} {word if number == 1 else plural or word + 's'}"


def class_words(name: str) -> str:
    """A class in words: one whose name is a number is said to be a class.

    >>> class_words("1"), class_words("malignant")
    ('class 1', 'malignant')
    """
    return f"class {name}" if NUMBER.fullmatch(name) else name


def class_counts(counts: Mapping[str, int]) -> str:
    """How many there are of each class, in their order.

    >>> class_counts({"0": 97, "1": 45}), class_counts({"benign": 97})
    ('class 0: 97, class 1: 45', 'benign 97')
    """
    return ", ".join(
        f"{class_words(name)}: {number}" if NUMBER.fullmatch(name) else f"{name} {number}"
        for name, number in counts.items()
    )
