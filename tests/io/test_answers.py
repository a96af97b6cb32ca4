"""Is a false answer seen for what it is, whatever part of it is false?"""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io.answers import CHECKS
from medidense.io.guard import LIMITS
from medidense.io.guarded import LocalDesk
from medidense.io.guarded.pool import POOL
from medidense.io.guarded.process import Request
from medidense.io.reading import EVERYTHING, Ask
from medidense.io.tasks import TASKS
from medidense.io.told import told_ask, told_grid, told_options
from medidense.values import ReadOptions, Source, Volume


def answered(task, arguments):
    """(arguments, what the task answers, its arrays) as they are behind the channel."""
    desk = LocalDesk()
    value = json.loads(json.dumps(TASKS[task](arguments, desk)))
    return arguments, value, desk.arrays


@pytest.fixture
def read(series):
    return answered("read", told_ask(series, EVERYTHING))


def false(task, arguments, value, arrays):
    """Whether an answer is refused, by nothing but a ValueError."""
    try:
        Request(task, arguments, "a.dcm", LIMITS, CHECKS[task]).verify(value, arrays)
    except ValueError:
        return True
    return False


def test_every_task_has_a_check_and_the_pool_has_them():
    assert CHECKS.keys() == TASKS.keys()
    assert all(POOL._check_of(task) is CHECKS[task] for task in TASKS)


def test_a_true_answer_of_every_task(series, read, tmp_path):
    assert not false("read", *read)
    grid = told_grid(Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), Source("picture")))
    assert not false("mask", {"grid": grid}, None, [np.ones((2, 3, 4), bool)])
    (tmp_path / "text").write_text("x")
    (tmp_path / "cut.dcm").write_bytes(next(series.iterdir()).read_bytes()[:-9])
    paths = [*map(str, series.iterdir()), str(tmp_path / "text"), str(tmp_path / "cut.dcm")]
    options = told_options(ReadOptions())
    arguments, looked, _ = answered("look", {"paths": paths, "given": [], "options": options})
    assert [kind for kind, _, _ in looked] == ["image"] * 3 + ["entries", "broken"]
    assert not false("look", arguments, looked, ())
    files = [
        [path, kind, facts] for path, (kind, _, facts) in zip(paths, looked, strict=True) if kind != "entries"
    ]
    asked = {"files": files, "series": looked[0][1], "where": str(series), "note": "", "apart": True}
    asked["options"] = options
    assert not false("assemble", *answered("assemble", asked))
    assert not false("patient", *answered("patient", {"path": str(series), "series_uid": ""}))


ARRAYS = {
    "none": lambda array: [],
    "two": lambda array: [array, array],
    "type": lambda array: [array.astype(np.float64)],
    "order": lambda array: [array.astype(">i2")],
    "axes": lambda array: [array[0]],
    "empty": lambda array: [array[:0]],
    "channels": lambda array: [np.zeros((3, 3, 3, 4), np.uint8)],
    "grey bytes": lambda array: [array.astype(np.uint8)],
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_were_not_promised(read, name):
    arguments, value, (array,) = read
    assert false("read", arguments, value, ARRAYS[name](array))


WORDS = [
    (("affine",), [[1, 0, 0, 0]] * 3),
    (("affine",), [[0, 0, 0, 0]] * 3 + [[0, 0, 0, 1]]),
    (("affine",), [[float("nan")] * 4] * 3 + [[0, 0, 0, 1]]),
    (("affine",), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]),
    (("affine",), "matrix"),
    (("affine", 0), [1, 2]),
    (("source",), None),
    (("source", "kind"), "film"),
    (("source", "modality"), 5),
    (("source", "padding"), float("inf")),
    (("source", "padding"), "0"),
    (("source", "series_uid"), ["1.2"]),
    (("source", "surplus"), "x"),
    (("warnings",), "LOSSY: yes"),
    (("warnings",), [1]),
    (("spacing_known",), 1),
]


@pytest.mark.parametrize(("where", "what"), WORDS)
def test_words_that_do_not_hold(read, where, what):
    arguments, value, arrays = read
    value = copy.deepcopy(value)
    inner = value
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = what
    assert false("read", arguments, value, arrays)


def test_another_series_than_the_one_asked_for(series, read):
    _, value, arrays = read
    uid = value["source"]["series_uid"]
    assert not false("read", told_ask(series, Ask(series_uid=uid)), value, arrays)
    assert false("read", told_ask(series, Ask(series_uid=uid + ".1")), value, arrays)


@pytest.mark.parametrize(
    "mask",
    [
        np.ones((2, 3, 5), bool),
        np.ones((3, 2, 4), bool),
        np.ones((2, 3, 4), np.uint8),
        np.full((2, 3, 4), 2, np.uint8).view(bool),
    ],
)
def test_a_mask_on_another_grid_or_of_no_truth_values(mask):
    grid = told_grid(Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), Source("picture")))
    assert false("mask", {"grid": grid}, None, [mask])
    assert false("mask", {"grid": grid}, None, [])


@pytest.mark.parametrize("told", [None, 5, "A" * 64, "a" * 63, ["a"]])
def test_a_key_that_is_no_digest(told):
    assert false("patient", {}, told, ())


ENTRY = {
    "path": "a",
    "state": "skipped",
    "files": 1,
    "shape": [],
    "spacing_mm": [],
    "marks": [],
    "parts": [],
    "refusal": None,
}
ENTRY |= dict.fromkeys(("kind", "modality", "study_uid", "series_uid", "patient_key", "note"), "")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "sound"},
        {"path": None},
        {"shape": ["1"]},
        {"spacing_mm": ["wide"]},
        {"marks": [["EchoTime"]]},
        {"parts": [1]},
        {"files": "1"},
        {"surplus": 1},
        {"refusal": {"code": "NOVEL", "where": "", "found": "", "expected": "", "next_step": ""}},
        {"state": "refused"},
    ],
)
def test_entries_that_are_none(change):
    arguments = {"series": "1.2"}
    assert not false("assemble", arguments, [ENTRY], ())
    assert false("assemble", arguments, [ENTRY | change], ())
    looked = [["entries", "", json.dumps([ENTRY | change])]]
    assert false("look", {"paths": ["a"]}, looked, ())


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        [["image", "1.2"]],
        [["image", "1.2", {}]],
        [["film", "", ""]],
        [["broken", "", "["]],
        [["broken", "", '["NOVEL", "", "", "", ""]']],
        [["entries", "", "5"]],
    ],
)
def test_looks_that_are_none(told):
    assert false("look", {"paths": ["a"]}, told, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(task=st.sampled_from(sorted(TASKS)), told=JSON)
def test_nothing_but_a_value_error_comes_of_any_answer(task, told):
    arguments = {
        **told_ask(Path("a"), EVERYTHING),
        "paths": ["a"],
        "series": "",
        "grid": {"shape": [1, 1, 1]},
    }
    for arrays in ([], [np.zeros((1, 1, 1), np.int16)], [np.zeros((1, 1, 1), bool)]):
        false(task, arguments, told, arrays)
