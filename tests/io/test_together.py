"""Series share a task, keep their order, and do not share the refusal of one of them."""

import pytest

from medidense.io.guarded import Answer
from medidense.io.together import FILES, SERIES, TEXT, Together
from medidense.values import Refused

POISON = Refused("POISON", "a", "killed", "an answer", "check it")


def item(number, files=1, text=1):
    return {"files": [["a", "image", "x" * text]] * files, "series": str(number), "where": f"w{number}"}


def alone(one):
    if one["series"] == "1":
        raise POISON
    return Answer([f"alone {one['series']}"], ())


def test_refused_tasks_are_tried_series_by_series():
    together = Together([item(number) for number in range(SERIES + 2)], alone)
    tasks = list(together.tasks())
    assert [len(task["series"]) for task in tasks] == [SERIES, 2]
    assert tasks[1]["where"] == f"w{SERIES}"
    results = list(together.results([POISON, Answer(["first", "second"], ())]))
    assert results[0] == ["alone 0"]
    assert results[1] is POISON
    assert results[2:] == [*([f"alone {number}"] for number in range(2, SERIES)), "first", "second"]


@pytest.mark.parametrize(
    ("items", "sizes"),
    [
        ([item(0, FILES), item(1)], [1, 1]),
        ([item(0, FILES - 1), item(1), item(2)], [2, 1]),
        ([item(0, text=TEXT), item(1)], [1, 1]),
        ([item(0, files=2 * FILES)], [1]),
        ([], []),
    ],
)
def test_long_series_have_tasks_of_their_own(items, sizes):
    assert [len(task["series"]) for task in Together(items, alone).tasks()] == sizes
