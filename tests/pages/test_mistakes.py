"""Which samples are listed, by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from medidense.pages import Overlay, RunContents
from medidense.pages.mistakes import EACH, cases, mistakes_section
from medidense.values import Predictions


def scored(contents: RunContents, positive: list[float], label: list[int]) -> RunContents:
    n, score = len(label), np.array(positive)
    names = tuple(f"S-{row}" for row in range(n))
    table = Predictions(
        ("benign", "malignant"),
        "malignant",
        names,
        names,
        np.zeros(n, dtype=np.int64),
        np.array(label),
        np.stack([1 - score, score], axis=1),
    )
    return replace(contents, predictions=table)


def test_the_surest_wrong_and_the_nearest_by_hand(made: Callable[..., RunContents]) -> None:
    found = cases(scored(made(), [0.9, 0.1, 0.52, 0.4, 0.95], [0, 1, 1, 1, 1]))
    assert [case.sample for case in found.confident] == ["S-0", "S-1", "S-3"]
    assert [case.sample for case in found.hardest] == ["S-2", "S-3", "S-0", "S-1", "S-4"]
    first = found.confident[0]
    assert (first.truth, first.decided, first.score_decided, first.score_truth) == (
        "benign",
        "malignant",
        0.9,
        0.1,
    )
    assert (found.wrong, found.samples) == (3, 5)


def test_nothing_wrong_is_said_too(made: Callable[..., RunContents]) -> None:
    section = mistakes_section(scored(made(), [0.1, 0.9], [0, 1]))
    assert "0 of 2 tested samples were decided wrong" in section
    assert "Most confidently wrong" not in section


def test_lists_are_short_and_of_several_labels_speak_of_the_positive_one(
    made: Callable[..., RunContents],
) -> None:
    contents = made("multi_label")
    found = cases(contents)
    known = int((contents.predictions.label[:, -1] >= 0).sum())
    assert found.samples == known < 48
    assert len(found.confident) == len(found.hardest) == EACH
    assert "These lists speak of the label c." in mistakes_section(contents)


def test_pictures_begin_with_the_wrong_ones_and_withheld_ones_are_told(
    made: Callable[..., RunContents],
) -> None:
    shown = (Overlay("TP", "S-05", b"T"), Overlay("FN", "S-06", b"F"), Overlay("FP", "S-07", None))
    section = mistakes_section(replace(made(), shown=shown, withheld="1 picture withheld"))
    assert section.index("missed: S-06") < section.index("rightly called positive: S-05")
    assert "wrongly called positive: S-07" not in section
    assert "1 picture withheld" in section
    assert section.count("data:image/jpeg;base64,") == 2


def test_a_picture_stands_once_beside_the_first_row_of_its_sample(made: Callable[..., RunContents]) -> None:
    contents = scored(made(), [0.9, 0.1, 0.52, 0.4, 0.95], [0, 1, 1, 1, 1])
    shown = (Overlay("FN", "S-1", b"one"), Overlay("hardest", "S-2", b"two"), Overlay("TP", "S-9", b"nine"))
    section = mistakes_section(replace(contents, shown=shown))
    wrong, _, rest = section.partition("Hardest to decide")
    near, _, others = rest.partition("<h3>Where the network looks</h3>")
    row = wrong[wrong.index("<td>S-1</td>") :].partition("</tr>")[0]
    assert "<img" in row
    assert [part.count("<img") for part in (wrong, near, others)] == [1, 1, 1]
    assert 'alt="saliency of S-2"' in near[near.index("<td>S-2</td>") :].partition("</tr>")[0]
    assert "rightly called positive: S-9" in others
    assert wrong.count("<th>where the network looks</th>") == 1
    assert "where the network looks" not in mistakes_section(replace(contents, shown=())).lower()
