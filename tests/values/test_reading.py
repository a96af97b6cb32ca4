import math
from dataclasses import FrozenInstanceError

import pytest

from medidense.errors import UsageError
from medidense.values import ReadOptions


def test_by_default_nothing_is_guessed():
    options = ReadOptions()
    assert not any(value for name, value in vars(options).items() if name != "limits")
    assert options.fill is None


@pytest.mark.parametrize("prefer", ["Sform", "affine", " "])
def test_a_nifti_file_has_two_forms(prefer):
    assert ReadOptions(prefer="sform").prefer == "sform"
    assert ReadOptions(prefer="qform").prefer == "qform"
    with pytest.raises(UsageError, match="--prefer"):
        ReadOptions(prefer=prefer)


@pytest.mark.parametrize("fill", [math.nan, math.inf, -math.inf, 3.5e38])
def test_a_fill_is_a_finite_number_of_float32(fill):
    for good in (0, -1024.5, 3.4e38):
        assert ReadOptions(fill=good).fill == good
    with pytest.raises(UsageError, match="--fill"):
        ReadOptions(fill=fill)


def test_what_was_picked_cannot_be_changed_behind_its_back():
    given = {"EchoTime": "4.6"}
    options = ReadOptions(pick=given)
    given["EchoTime"] = "9.2"
    assert options.pick == {"EchoTime": "4.6"}
    with pytest.raises(TypeError):
        options.pick["EchoTime"] = "9.2"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        options.colour = True  # type: ignore[misc]
