"""Ceilings as a user types them."""

from dataclasses import fields, replace

import pytest

from medidense.errors import UsageError
from medidense.values import LIMITS, Limits, parse_limits


@pytest.mark.parametrize(
    ("typed", "number"),
    [("7", 7), ("4GiB", 4 << 30), ("4 gib", 4 << 30), ("1.5K", 1536), ("2TiB", 2 << 40), ("3M", 3 << 20)],
)
def test_sizes(typed: str, number: int) -> None:
    assert parse_limits({"decoded_bytes": typed}) == replace(LIMITS, decoded_bytes=number)


def test_every_key_can_be_set_and_the_others_stay() -> None:
    for field in fields(Limits):
        assert parse_limits({field.name: "3"}) == replace(LIMITS, **{field.name: 3})
    assert parse_limits({"seconds": "0.5"}).seconds == 0.5
    assert parse_limits({}) == LIMITS


@pytest.mark.parametrize("typed", ["", "0", "-1", "many", "4GB", "1.3", "inf", "nan", "1e9", "0x10"])
def test_what_is_no_number_above_0_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="--limit files: a limit is a number above 0"):
        parse_limits({"files": typed})


def test_seconds_are_no_size() -> None:
    with pytest.raises(UsageError, match="seconds as 90"):
        parse_limits({"seconds": "2K"})


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean voxels"):
        parse_limits({"voxel": "3"})
