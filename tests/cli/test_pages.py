"""What of an evaluation stands on the terminal."""

from dataclasses import replace

from medidense.cli.pages import crossing_copies, evaluation_page, near_copies
from medidense.cli.printing import Piece, Table
from medidense.values import Crossing, Estimate, Evaluation, Leak, PerSubject


def text_of(pieces: list[Piece]) -> str:
    return "\n".join("\n".join(piece.plain()) if isinstance(piece, Table) else piece for piece in pieces)


def test_the_headline_has_its_interval_and_the_floor_follows(evaluation: Evaluation) -> None:
    text = text_of(evaluation_page(evaluation))
    assert text.splitlines()[0] == "AUROC      0.912 (95% CI 0.850-0.960)"
    assert "40 of 30 subjects (benign 25, malignant 15)" in text
    assert text.index("lesion volume") < text.index("sensitivity") < text.index("one class only")
    assert "0.210 (95% CI 0.100-0.300)" in text
    assert "note: 30 subjects: rough" in text


def test_a_subset_is_named_and_missing_parts_are_left_out(evaluation: Evaluation) -> None:
    text = text_of(evaluation_page(replace(evaluation, rows="matched", baselines=(), auroc_fold_mean=None)))
    assert "matched" in text
    assert "baseline" not in text
    assert "fold mean  -" in text


def test_samples_and_subjects_stand_side_by_side(evaluation: Evaluation) -> None:
    area = Estimate(0.8, 0.7, 0.9)
    metrics = {"sensitivity": area, "mcc": area}
    found = PerSubject(29, 8, 1, "A subject is odd", {"a": 9, "b": 20}, area, metrics, area, area)
    text = text_of(evaluation_page(replace(evaluation, per_subject=found)))
    assert "AUROC 0.800 (95% CI 0.700-0.900); 8 of 30 have several samples; 1 left out" in text
    lines = text.split("A subject is odd.\n")[1].splitlines()
    assert lines[0].split("  ")[0] == "figure"
    assert lines[1].endswith("29 (a 9, b 20)")
    assert lines[2].split() == ["AUROC", *evaluation.auroc.text().split(), *area.text().split()]
    assert [line.split("  ")[0] for line in lines[3:6]] == [
        "AUROC by DeLong",
        "sensitivity",
        "AUROC of the number of samples alone",
    ]
    one_each = replace(evaluation, subjects=evaluation.samples)
    assert "the same, each has one sample" in text_of(evaluation_page(one_each))


def test_near_copies_stand_in_a_table_with_the_cure() -> None:
    leak = Leak("near", (2, 7), ("a.png", "c.png"), (("a",), ("c",)), 0.0314, True, False)
    text = text_of(near_copies([leak]))
    assert "near copies under two subject_ids, 1 pair\n" in text
    assert "row 2  row 7  0.031" in text
    assert ".png" not in text
    assert "give both rows one subject_id (--join does), or drop one of them" in text
    assert "more" not in text
    many = text_of(near_copies([leak] * 23))
    assert many.count("row 2") == 20
    assert "and 3 more" in many
    assert near_copies([]) == []


def test_copies_of_test_images_say_what_became_of_them() -> None:
    kept, dropped = (Crossing(1, "a", "b", "near", 0.01, gone) for gone in (False, True))
    *rows, names = text_of(crossing_copies([kept, dropped, kept])).splitlines()[2:]
    assert [row.split() for row in rows] == [["1", "near", "no", "2"], ["1", "near", "yes", "1"]]
    assert "leaks.csv" in names
    assert crossing_copies([]) == []
