from dataclasses import replace

import pytest

from medidense.io.guard import LIMITS
from medidense.io.guarded import LocalDesk
from medidense.values import Refused


def test_arrays_of_a_local_desk_are_fortran_and_are_kept_in_order():
    desk = LocalDesk()
    first, second = desk.array((2, 3), "i2"), desk.array([4], float)
    assert (first.shape, first.dtype, first.flags.f_contiguous) == ((2, 3), "int16", True)
    assert [array is kept for array, kept in zip((first, second), desk.arrays, strict=True)] == [True, True]
    desk.release(first)
    assert [array is second for array in desk.arrays] == [True]
    with pytest.raises(ValueError, match="not granted"):
        desk.release(first)


def test_a_local_desk_has_the_same_limits():
    desk = LocalDesk("a.nii", replace(LIMITS, decoded_bytes=100))
    desk.beat()
    desk.scratch(60)
    with pytest.raises(Refused, match=r"TOO_LARGE.*a\.nii"):
        desk.array((41,), "u1")
