"""The figures of a run, and of a subset of its rows."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import CohortError, RunError, UsageError
from medidense.rundir import RunDir
from medidense.verbs.prevalence import require_predictive_values, stated_before
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


def test_a_subset_may_show_one_class_alone(here: World, tmp_path: Path) -> None:
    with here.cohort.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["label"] == "benign"]
    with (here.cohort.parent / "benign.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    found = verbs.evaluate(here.run, rows=here.cohort.parent / "benign.csv").evaluation
    assert found.class_counts == {"benign": len(rows), "malignant": 0}
    assert found.auroc.value is None
    assert found.metrics["specificity"].value is not None


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
    assert found.matched is not None
    assert (found.matched.pairs, found.matched.subjects) == (found.samples // 2, found.subjects), "all rows"
    assert found.matched.auroc.value == found.auroc.value
    assert tree["matched"]["caliper"] == 0.2
    assert tree["matched"]["auroc"]["value"] == found.matched.auroc.value


def test_a_prevalence_stated_afterwards_is_told_and_kept_by_the_page(here: World, tmp_path: Path) -> None:
    run = Path(shutil.copytree(here.run, tmp_path / "run"))
    plain = verbs.evaluate(run).evaluation
    assert {point.deployment_prevalence for point in plain.operating_points} == {None}
    found = verbs.evaluate(run, prevalence=0.02).evaluation
    tree = json.loads((run / "evaluation.json").read_text())
    assert found.prevalence_afterwards == tree["prevalence_afterwards"] == 0.02
    point = found.operating_points[0]
    hit, spared = point.metrics["sensitivity"].value, point.metrics["specificity"].value
    positive = hit * 0.02 + (1 - spared) * 0.98
    assert point.deployment["ppv"].value == (pytest.approx(hit * 0.02 / positive) if positive else None)
    said = "PPV and NPV at a prevalence of 0.02: stated after the training, the recipe states none."
    assert said in found.notes
    page = verbs.report(run)
    assert json.loads((run / "evaluation.json").read_text())["prevalence_afterwards"] == 0.02
    assert said in page.html.read_text()
    assert "the same where it is used" in page.html.read_text()
    assert verbs.evaluate(run).evaluation == plain  # without it the recipe holds again
    assert json.loads((run / "evaluation.json").read_text())["prevalence_afterwards"] is None


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2, float("nan"), float("inf"), "0.02", True, [0.1]])
def test_what_is_no_share_is_refused_in_both_forms(here: World, tmp_path: Path, share: object) -> None:
    before = (here.run / "evaluation.json").read_bytes()
    for arguments in ((here.run,), (here.package, here.cohort)):
        with pytest.raises(UsageError, match="a share above 0 and below 1") as refused:
            verbs.evaluate(*arguments, prevalence=share, out=tmp_path / "out" if arguments[1:] else None)
        assert "--prevalence" in str(refused.value)
    assert (here.run / "evaluation.json").read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_grades_and_labels_have_no_predictive_values_at_a_prevalence() -> None:
    for kind in ("ordinal", "multi_label"):
        with pytest.raises(UsageError, match="PPV and NPV at a prevalence are of one class"):
            require_predictive_values(0.1, kind)
        require_predictive_values(None, kind)


def test_a_damaged_evaluation_states_nothing(here: World, tmp_path: Path) -> None:
    run = RunDir(Path(shutil.copytree(here.run, tmp_path / "run")))
    for text in ("{", '{"prevalence_afterwards": 3}', '{"prevalence_afterwards": "0.1"}', "{}"):
        run.evaluation_path.write_text(text)
        assert stated_before(run) is None
    run.evaluation_path.unlink()
    assert stated_before(run) is None
