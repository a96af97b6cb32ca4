"""A series is chosen by as much of its UID as is enough."""

import pytest

from medidense.errors import UsageError
from medidense.verbs.choosing import choose_series

THERE = ["1.2.3", "1.2.3.4", "1.2.840.17", "1.3.840.117"]


@pytest.mark.parametrize(
    ("said", "uid"),
    [
        ("1.2.3", "1.2.3"),
        ("1.3", "1.3.840.117"),
        (".17", "1.2.840.17"),
        ("...17", "1.2.840.17"),
        ("..117", "1.3.840.117"),
        ("\u20263.4", "1.2.3.4"),
    ],
)
def test_one_fits(said: str, uid: str) -> None:
    assert choose_series(THERE, said) == uid


@pytest.mark.parametrize("said", ["1.2", "17", "..17", "..", "1."])
def test_several_fit(said: str) -> None:
    with pytest.raises(UsageError, match=r"series fit: 1\.2") as caught:
        choose_series(THERE, said)
    assert caught.value.exit_code == 2


def test_none_fits() -> None:
    with pytest.raises(UsageError, match=r"--series 9: there is no such series; choose one of 1\.2\.3, "):
        choose_series(THERE, "9")
    with pytest.raises(UsageError, match="leave --series out"):
        choose_series([], "9")
