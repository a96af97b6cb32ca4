from dataclasses import replace

import numpy as np
import pytest

from medidense.io.guard import LIMITS
from medidense.io.guarded.account import ARRAYS, Account, form_of, number_of

BYTE = np.dtype("u1")
SMALL = replace(LIMITS, voxels=1000, decoded_bytes=100)


def kept(account, size):
    return account.grant((size,), BYTE)


def test_arrays_and_scratch_together_stay_within_the_limit(code_of):
    account = Account("a", SMALL)
    assert kept(account, 40) == 0
    assert account.scratch(30) == 30
    assert code_of(lambda: account.grant((31,), BYTE)) == "TOO_LARGE"
    assert code_of(lambda: account.scratch(61)) == "TOO_LARGE"
    assert kept(account, 30) == 1


def test_what_is_given_back_may_be_used_again(code_of):
    account = Account("a", SMALL)
    first, second = kept(account, 60), kept(account, 40)
    account.release(first)
    third = kept(account, 60)
    assert [array.size for array in account.arrays] == [40, 60]
    assert len({first, second, third}) == 3
    with pytest.raises(ValueError, match="not granted"):
        account.release(first)


def test_of_two_scratches_the_larger_counts():
    account = Account("a", SMALL)
    assert [account.scratch(n) for n in (30, 10, 80)] == [30, 30, 80]
    with pytest.raises(ValueError, match="-1"):
        account.scratch(-1)


def test_half_of_the_memory_that_was_free_at_first(code_of):
    free = iter([150, 0])
    account = Account("a", SMALL, lambda: next(free))
    kept(account, 70)
    assert code_of(lambda: account.grant((6,), BYTE)) == "TOO_LARGE"
    account.grant((5,), BYTE)


def test_an_array_is_of_fortran_order():
    account = Account("a")
    assert account.grant((2, 3), np.dtype("<i2")) == 0
    (array,) = account.arrays
    assert (array.shape, array.dtype, array.flags.f_contiguous) == ((2, 3), np.dtype("<i2"), True)


@pytest.mark.parametrize("size", [1 << 60, 1 << 70])
def test_what_no_address_space_holds_is_too_large(code_of, size):
    account = Account("a", replace(LIMITS, voxels=1 << 80, decoded_bytes=1 << 80), lambda: 1 << 80)
    assert code_of(lambda: account.grant((size,), BYTE)) == "TOO_LARGE"
    assert account.arrays == ()


def test_too_many_voxels_are_a_bomb(code_of):
    assert code_of(lambda: Account("a", SMALL).grant((1001,), BYTE)) == "BOMB"


def test_too_many_arrays_are_too_large(code_of):
    account = Account("a", SMALL)
    for _ in range(ARRAYS):
        account.release(kept(account, 1))
    assert code_of(lambda: account.grant((1,), BYTE)) == "TOO_LARGE"


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((-1,), "i2"),
        ((1,), "O"),
        ((1,), "i4,i4"),
        ((1,), "M8[s]"),
        ((1,), "U3"),
        ((1.5,), "i2"),
        ((1,) * 33, "i2"),
    ],
)
def test_only_numbers_have_a_form(shape, dtype):
    with pytest.raises((ValueError, TypeError)):
        form_of(shape, dtype)


def test_the_form_of_an_array():
    assert form_of([np.int64(2), 3], np.int16) == ((2, 3), np.dtype("<i2"))


def test_an_array_is_known_by_itself_not_by_its_values():
    one, other = np.zeros(3), np.zeros(3)
    assert number_of({4: one, 7: other}, other) == 7
    with pytest.raises(ValueError, match="not granted"):
        number_of({4: one}, other)
