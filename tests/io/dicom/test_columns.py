"""Do the facts of many frames come back as they went, and are they short?"""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.io.dicom import scan_file
from medidense.io.dicom.columns import narrowed, widened
from medidense.io.dicom.packing import pack, unpack
from medidense.io.guarded.wire import CEILING, encode

FACT = st.none() | st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2)
ROW = st.tuples(
    st.integers(0, 9), st.lists(FACT, min_size=2, max_size=2), st.lists(FACT, min_size=3, max_size=3), FACT
)


@given(rows=st.lists(ROW.map(list), min_size=1, max_size=5))
def test_rows_come_back_equal(rows):
    assert [list(row) for row in widened(json.loads(json.dumps(narrowed(rows))))] == rows


@pytest.mark.parametrize("told", [[2, [0], [[1]], [[1, 2, 3]], [0]], [3, [0, 1], [[1]], [[1]], [0]]])
def test_columns_of_other_lengths_are_no_rows(told):
    with pytest.raises(ValueError, match="zip"):
        list(widened(told))


def test_three_hundred_thousand_frames_fit_into_a_message(series, slices, enhance):
    (first, *_) = scan_file(enhance(slices(series)))
    frames = tuple(
        replace(
            first,
            number=number,
            plane=replace(first.plane, position=(-180.123, -171.456, number * 1.25)),
            pixels=first.pixels.at(2000 + number * 8192, 8192, number * 8192),
        )
        for number in range(3000)
    )
    kind, uid, facts = pack(frames)
    told = encode("answer", [(kind, uid, json.dumps(facts))])
    assert len(told) * 100 < CEILING
    assert unpack(first.path, kind, uid, json.loads(json.dumps(facts))) == frames
