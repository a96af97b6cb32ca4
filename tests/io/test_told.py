"""Requests and volumes go to JSON and come back the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.io.guarded import LocalDesk
from medidense.io.reading import Ask
from medidense.io.told import Noting, ask_of, grid_of, told_ask, told_grid, told_volume, volume_of_told
from medidense.values import Limits, ReadOptions, Source, Volume

NUMBERS = st.floats(-1e6, 1e6)
POINTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
OPTIONS = st.builds(
    ReadOptions,
    pick=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    allow_tilt=st.booleans(),
    assume_ras=st.booleans(),
    guess_syntax=st.booleans(),
    prefer=st.sampled_from(["", "sform", "qform"]),
    fill=st.none() | NUMBERS,
    colour=st.booleans(),
    limits=st.builds(
        Limits, voxels=st.integers(1, 1 << 40), seconds=st.floats(0.1, 99), nesting=st.integers(1, 99)
    ),
)
ASKS = st.builds(
    Ask,
    series_uid=st.text(max_size=9),
    options=OPTIONS,
    centre_mm=st.none() | POINTS,
    extent_mm=POINTS,
    margin_mm=NUMBERS,
    members=st.booleans(),
)


def by_json(value):
    return json.loads(json.dumps(value))


@given(ask=ASKS)
def test_a_request_comes_back_equal(ask):
    told = by_json(told_ask(Path("somewhere") / "a.nii", ask))
    assert told["path"] == str(Path("somewhere") / "a.nii")
    assert ask_of(told) == ask


@pytest.fixture
def volume():
    """One whose every field differs from its default."""
    affine = np.eye(4)
    affine[:3] = np.random.default_rng(1).normal(size=(3, 4))
    source = Source("dicom", "MR", "1.2", "1.3", "1.4", decoder="pylibjpeg 2", padding=-2000)
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    return Volume(array, affine, source, spacing_known=False, warnings=("LOSSY: a", "SKIPPED_FILE: b"))


def same(first, second):
    assert np.array_equal(first.affine, second.affine)
    assert (first.source, first.spacing_known) == (second.source, second.spacing_known)
    return True


def test_a_volume_comes_back_equal_with_its_array_from_the_desk(volume):
    desk = LocalDesk()
    back = volume_of_told(by_json(told_volume(volume, Noting(desk))), desk.arrays)
    assert same(back, volume)
    assert back.warnings == volume.warnings
    assert back.array is desk.arrays[0]
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.array.dtype == volume.array.dtype


def test_an_array_that_lies_on_the_desk_is_not_put_there_again(volume):
    desk = LocalDesk()
    noting = Noting(desk)
    wide = noting.array(volume.shape, np.int32)
    noting.release(noting.array((5, 5), np.int16))
    wide[...] = volume.array
    told_volume(volume.with_array(wide), noting)
    assert len(desk.arrays) == 1
    assert desk.arrays[0] is wide


def test_what_is_given_back_is_no_longer_noted(volume):
    desk = LocalDesk()
    noting = Noting(desk)
    gone = noting.array(volume.shape, np.int32)
    gone[...] = volume.array
    noting.release(gone)
    assert (noting.given, desk.arrays) == ([], ())
    told_volume(volume.with_array(gone), noting)
    np.testing.assert_array_equal(desk.arrays[0], volume.array)


def test_a_grid_is_a_volume_without_memory(volume):
    back = grid_of(by_json(told_grid(volume)))
    assert same(back, volume)
    assert back.shape == volume.shape
    assert not back.array.any()
    assert back.array.strides == (0, 0, 0)
