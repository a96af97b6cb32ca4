import csv
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import medidense
from medidense.phantoms import write_fresh


@pytest.fixture(scope="module")
def lesions_story(story: Any) -> ModuleType:
    return story("lesions_from_dicom")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]]]:
    """Three series, the third with two lesions, and their list as rows with labels."""
    folder, table = write_fresh(tmp_path_factory.mktemp("fresh"), count=3, seed=0)
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return folder, [{**row, "label": "ab"[n % 2], "reader": "R1"} for n, row in enumerate(rows)]


def _write(target: Path, rows: list[dict[str, str]]) -> Path:
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


def _without(rows: list[dict[str, str]], *columns: str) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name not in columns} for row in rows]


def test_joined_by_series_uid(lesions_story: ModuleType, fresh: Any, tmp_path: Path) -> None:
    folder, rows = fresh
    points = _write(tmp_path / "points.csv", _without(rows, "image"))
    joined = lesions_story.main(folder, points, tmp_path / "cohort.csv")
    assert (joined.lesions, joined.series_without_lesion, joined.lesions_without_series) == (4, (), ())
    cohort = medidense.read_cohort(tmp_path / "cohort.csv")
    assert [Path(sample.image_path).name for sample in cohort.samples] == ["F01", "F02", "F03", "F03"]
    assert len(cohort.subjects) == 3
    assert not any("PHANTOM" in subject for subject in cohort.subjects)
    assert cohort.samples[0].marker is not None
    assert f"{cohort.samples[0].marker.centre_mm[0]:.4f}" == rows[0]["x_mm"]
    assert cohort.samples[0].extra == {"reader": "R1"}
    assert medidense.check(tmp_path / "cohort.csv").region == "lesion"


def test_joined_by_image_and_given_subjects(lesions_story: ModuleType, fresh: Any, tmp_path: Path) -> None:
    folder, rows = fresh
    named = [
        {**row, "image": str(folder / Path(row["image"]).name), "subject_id": f"S{n}"}
        for n, row in enumerate(_without(rows, "series_uid", "lesion_id"))
    ]
    lesions_story.main(folder, _write(tmp_path / "points.csv", named[:2]), tmp_path / "cohort.csv")
    cohort = medidense.read_cohort(tmp_path / "cohort.csv")
    assert [sample.subject_id for sample in cohort.samples] == ["S0", "S1"]
    assert [sample.series_uid for sample in cohort.samples] == [row["series_uid"] for row in rows[:2]]
    assert [sample.lesion_id for sample in cohort.samples] == ["L1", "L2"]


def test_what_finds_no_partner_is_named(
    lesions_story: ModuleType, fresh: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, rows = fresh
    stranger = {**rows[1], "series_uid": "1.2.3", "image": ""}
    points = _write(tmp_path / "points.csv", [rows[0], stranger])
    joined = lesions_story.main(folder, points, tmp_path / "cohort.csv")
    assert joined.lesions == 1
    assert sorted(Path(path).name for path in joined.series_without_lesion) == ["F02", "F03"]
    assert joined.lesions_without_series == ("lesion 2 (1.2.3): no such series",)
    printed = capsys.readouterr().out
    assert "2 series without a lesion" in printed
    assert "lesion 2 (1.2.3)" in printed


def test_no_partner_at_all_writes_no_cohort(lesions_story: ModuleType, fresh: Any, tmp_path: Path) -> None:
    folder, rows = fresh
    points = _write(tmp_path / "points.csv", [{**rows[0], "series_uid": "1.2.3"}])
    assert lesions_story.main(folder, points, tmp_path / "cohort.csv").lesions == 0
    assert not (tmp_path / "cohort.csv").exists()


def test_a_path_below_the_cohort_is_relative(lesions_story: ModuleType, tmp_path: Path) -> None:
    assert lesions_story.beside(tmp_path / "cohort.csv", tmp_path / "scans" / "a") == "scans/a"
    assert lesions_story.beside(tmp_path / "x" / "cohort.csv", tmp_path / "a") == str(tmp_path / "a")
