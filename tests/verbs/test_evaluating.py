"""The figures of a run, and of a subset of its rows."""

import json
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import CohortError, RunError, UsageError
from tests.verbs.conftest import World


def subset(world: World, target: Path, keep: slice) -> Path:
    """Some rows of the cohort in a file beside it (its paths are relative)."""
    head, *rows = world.cohort.read_text().splitlines()
    target.write_text("\n".join([head, *rows[keep]]) + "\n")
    return target


def test_a_subset_keeps_the_scores_and_gets_a_file_of_its_own(here: World) -> None:
    rows = subset(here, here.cohort.parent / "some.csv", slice(0, 8))
    before = (here.run / "evaluation.json").read_bytes()
    result = verbs.evaluate(here.run, rows=rows)
    assert result.evaluation.samples == 8
    assert result.evaluation.rows == "some"
    assert json.loads((here.run / "evaluation-some.json").read_text())["samples"] == 8
    assert (here.run / "evaluation.json").read_bytes() == before


def test_a_row_that_is_none_of_the_runs_is_named(here: World) -> None:
    head, first, *rest = here.cohort.read_text().splitlines()
    foreign = here.cohort.parent / "foreign.csv"
    foreign.write_text("\n".join([head, first.rsplit(",", 1)[0] + ",L9", *rest]) + "\n")
    with pytest.raises(UsageError, match=r"1 of 10 rows .* found row 2;"):
        verbs.evaluate(here.run, rows=foreign)


def test_a_row_with_another_label_or_subject_is_named(here: World) -> None:
    head, *rows = here.cohort.read_text().splitlines()
    column = head.split(",").index("label")
    table = here.cohort.parent / "odd.csv"
    for place, changed in ((column, "other"), (head.split(",").index("subject_id"), "X-NEW")):
        cells = [row.split(",") for row in rows]
        subject, label = cells[2][0], cells[2][column]
        for row in cells:  # all of a subject, or one class under another name
            if (row[column] == label) if changed == "other" else (row[0] == subject):
                row[place] = changed
        table.write_text("\n".join([head, *(",".join(row) for row in cells)]) + "\n")
        with pytest.raises(UsageError, match=r"another label or subject_id than in this run; found row \d+;"):
            verbs.evaluate(here.run, rows=table)
    assert not (here.run / "evaluation-odd.json").exists()


def test_bad_tables_are_one_line_each(here: World) -> None:
    folder, text = here.cohort.parent, here.cohort.read_text()
    bad = {
        "empty": (b"", "must not be empty"),
        "image": (text.replace("image", "picture", 1).encode(), "the column image is missing"),
        "binary": (b"\x00\x01\xff" * 99, "must be UTF-8"),
        "utf16": (text.encode("utf-16"), "UTF-16"),
        "semicolons": (text.replace(",", ";").encode(), "separated by commas"),
        "x" * 240: (text.encode(), "give it a shorter name"),
    }
    for name, (content, said) in bad.items():
        (folder / f"{name}.csv").write_bytes(content)
        with pytest.raises((CohortError, UsageError), match=said) as caught:
            verbs.evaluate(here.run, rows=folder / f"{name}.csv")
        assert caught.value.exit_code == 2
        assert len(caught.value.lines) == 1, name


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        verbs.evaluate(tmp_path)


def test_a_run_is_compared_with_its_descriptors_and_told_apart_by_size(here: World) -> None:
    found = verbs.evaluate(here.run).evaluation
    names = [rule.name for rule in found.baselines]
    assert names[3:5] == ["logistic regression on descriptors", "network and descriptors"]
    assert {part.by for part in found.subgroups} == {"volume"}
    assert {part.note for part in found.subgroups} == {"Under 30 subjects: counts alone."}
    tree = json.loads((here.run / "evaluation.json").read_text())
    assert tree["subgroups"][0]["samples"] == found.subgroups[0].samples
    assert tree["matched"] is None or tree["matched"]["caliper"] == 0.2
