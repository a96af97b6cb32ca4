"""The options of reading become one value."""

import pytest

from medidense.cli.reading import read_options
from medidense.errors import UsageError
from medidense.values import ReadOptions


def test_without_an_option_nothing_is_chosen() -> None:
    assert read_options(None) == read_options([]) == ReadOptions()


def test_every_option_ends_in_its_field() -> None:
    options = read_options(
        ["EchoTime=4.6", "StackID=a=b"],
        allow_tilt=True,
        assume_ras=True,
        guess_syntax=True,
        prefer="qform",
        fill=-1.5,
        colour=True,
    )
    assert options == ReadOptions(
        {"EchoTime": "4.6", "StackID": "a=b"}, True, True, True, "qform", -1.5, True
    )


def test_a_pick_is_refused_in_its_own_name() -> None:
    for wrong in (["EchoTime"], ["EchoTime=1", "EchoTime=2"]):
        with pytest.raises(UsageError, match="--pick"):
            read_options(wrong)
    with pytest.raises(UsageError, match="--prefer"):
        read_options([], prefer="neither")
