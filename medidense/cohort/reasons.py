"""How does a choice carry its reason?"""

from typing import NamedTuple


class Choice(NamedTuple):
    """A dotted recipe key, its value, and the sentence that says why."""

    key: str
    value: object
    reason: str


def number(value: float) -> str:
    """A figure for a sentence: three digits that count, no exponent.

    >>> number(1.0), number(43.5625), number(0.00048), number(12345.0)
    ('1', '43.6', '0.00048', '12345')
    """
    if abs(value) >= 1000 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"
