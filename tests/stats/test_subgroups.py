"""Parts of the subjects: who is in which, and what is said of few."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from medidense.stats import subgroups
from medidense.stats.subgroups import age_band
from medidense.values import Predictions, SampleFacts, public_subgroups

N = 120
NAMES = tuple(f"s{row:03d}" for row in range(N))


def table() -> Predictions:
    label = np.arange(N) % 2
    score = np.clip(0.5 + 0.2 * (label - 0.5) + np.random.default_rng(0).normal(0, 0.2, N), 0, 1)
    return Predictions(
        ("0", "1"), "1", NAMES, NAMES, np.arange(N) % 5, label, np.stack([1 - score, score], axis=1)
    )


FACTS = [
    SampleFacts(name, name, float(row), 0.0, "CT", 0, 0, 0, slice_mm=1.0 if row < 60 else 2.5)
    for row, name in enumerate(NAMES)
]


def test_a_column_and_what_it_lacks() -> None:
    cells = {name: {"sex": ("f", "F", "M", "")[row // 30], "site": "A"} for row, name in enumerate(NAMES)}
    found = {(part.by, part.group): part for part in subgroups(table(), [], cells, 300, 0)}
    assert list(found) == [("sex", "F"), ("sex", "M"), ("sex", "not known")]
    women = found["sex", "F"]
    assert (women.samples, women.subjects, women.class_counts) == (60, 60, {"0": 30, "1": 30})
    assert women.auroc.value == pytest.approx(roc_auc_score(table().label[:60], table().scores[:60, 1]))
    assert women.auroc.low < women.auroc.value < women.auroc.high


def test_a_cell_may_say_itself_that_nothing_is_known() -> None:
    words = ("A", "B", "not known", "")
    cells = {name: {"site": words[row // 30]} for row, name in enumerate(NAMES)}
    found = [(part.group, part.samples) for part in subgroups(table(), [], cells, 300, 0)]
    assert found == [("A", 30), ("B", 30), ("not known", 60)]
    full = {name: {"site": "A" if row < 60 else "not known"} for row, name in enumerate(NAMES)}
    assert subgroups(table(), [], full, 300, 0) == ()


def test_bands_thirds_and_slices_of_the_image() -> None:
    cells = {name: {"age": "058Y" if row % 2 else "71"} for row, name in enumerate(NAMES)}
    found = subgroups(table(), FACTS, cells, 300, 0)
    assert [(part.by, part.group, part.samples) for part in found] == [
        ("age", "40-59", 60),
        ("age", "60-79", 60),
        ("slice_mm", "up to 1 mm", 60),
        ("slice_mm", "up to 2.5 mm", 60),
        ("volume", "up to 39.67", 40),
        ("volume", "up to 79.33", 40),
        ("volume", "over 79.33", 40),
    ]
    assert age_band(60) == "60-79"
    assert slice_bands("2 mm", "2Y", "1") == ["up to 1 mm", "up to 2.5 mm", "not known"]
    assert found[0].note == "A class is missing: AUROC is not defined."


def slice_bands(*cells: str) -> list[str]:
    told = {name: {"slice_mm": cells[row % len(cells)]} for row, name in enumerate(NAMES)}
    return [part.group for part in subgroups(table(), [], told, 300, 0)]


@pytest.mark.parametrize(
    ("cell", "band"),
    [
        ("006M", "0-17"),
        ("010W", "0-17"),
        ("120D", "0-17"),
        ("215M", "0-17"),
        ("216M", "18-39"),
        ("939W", "0-17"),
        ("940w", "18-39"),
        ("017Y", "0-17"),
        (" 58 y", "40-59"),
        ("91", "80 and over"),
        ("58X", "not known"),
        ("Y", "not known"),
        ("-3", "not known"),
        ("58MY", "not known"),
    ],
)
def test_an_age_in_each_unit_that_dicom_has(cell: str, band: str) -> None:
    cells = {name: {"age": cell if row < 60 else "065Y"} for row, name in enumerate(NAMES)}
    cells[NAMES[-1]] = {"age": "030Y"}
    found = {part.group: part.samples for part in subgroups(table(), [], cells, 300, 0)}
    assert found[band] == 60 + (band == "18-39")


def test_a_class_of_few_subjects_is_named_beside_the_area() -> None:
    rare = np.where(np.arange(N) % 60 < 10, np.arange(N) % 2, 0)  # in each half 5 subjects of class 1
    cells = {name: {"site": "AB"[row // 60]} for row, name in enumerate(NAMES)}
    few = "Few subjects (5 of 1): the interval may be too narrow."
    for part in subgroups(replace(table(), label=rare), [], cells, 300, 0):
        assert part.note == few
        assert part.found == f"{part.auroc.text()} {few}"
    twice = tuple(f"p{row % 60 // 2}{row // 60}" for row in range(N))  # of 30 subjects of 2 rows each 10 of 1
    many = np.where(np.arange(N) % 60 < 20, np.arange(N) % 2, 0)
    full = replace(table(), label=many, subjects=twice)
    assert {part.note for part in subgroups(full, [], cells, 300, 0)} == {""}
    assert {part.note for part in subgroups(replace(full, label=rare), [], cells, 300, 0)} == {few}


def test_a_label_with_few_subjects_on_either_side_is_named() -> None:
    label = np.stack([np.arange(N) % 2, np.arange(N) % 15 == 0, np.ones(N)], axis=1).astype(np.int64)
    several = Predictions(
        ("x", "y", "z"), "x", NAMES, NAMES, np.arange(N) % 5, label, np.full((N, 3), 0.5), "multi_label"
    )
    cells = {name: {"site": "AB"[row // 60]} for row, name in enumerate(NAMES)}
    notes = {part.note for part in subgroups(several, [], cells, 300, 0)}
    assert notes == {"Few subjects (4 with y): the interval may be too narrow."}


def test_below_thirty_subjects_there_are_counts_alone() -> None:
    cells = {name: {"site": "A" if row < 29 else "B"} for row, name in enumerate(NAMES)}
    small, large = subgroups(table(), [], cells, 300, 0)
    assert (small.subjects, small.auroc.value, small.note) == (29, None, "Under 30 subjects: counts alone.")
    assert large.auroc.value is not None
    many = replace(table(), subjects=tuple(f"p{row // 5:02d}" for row in range(N)))
    halves = {name: {"site": "AB"[row // 60]} for row, name in enumerate(NAMES)}
    assert {part.subjects for part in subgroups(many, [], halves, 300, 0)} == {12}
    assert {part.auroc.value for part in subgroups(many, [], halves, 300, 0)} == {None}


def test_a_column_of_names_makes_no_subgroups() -> None:
    assert subgroups(table(), [], {name: {"scanner": name} for name in NAMES}, 300, 0) == ()


def test_a_site_keeps_its_place_where_some_rows_are_left_out() -> None:
    cells = {name: {"site": "ABC"[row % 3]} for row, name in enumerate(NAMES)}
    part = table().take({name for row, name in enumerate(NAMES) if row % 3})
    for rows, places in ((table(), {"A": 1, "B": 2, "C": 3}), (part, {"B": 2, "C": 3})):
        found = subgroups(rows, [], cells, 300, 0)
        assert {one.group: one.place for one in found} == places
        public = [one.group for one in public_subgroups(found)]
        assert public == [f"site {place}" for place in places.values()]
