"""Fresh scans through a package: one row a lesion, twins alike, no lesion no score."""

import csv
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import UsageError
from tests.verbs.conftest import World


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def scores_of(path: Path) -> list[tuple[str, str, str]]:
    """(scan, lesion, score) of each row, whatever the scan's format."""
    named = ((Path(row["input"]).name.removesuffix(".nii.gz"), row) for row in rows(path))
    return sorted((name, row["lesion_id"], row["score_malignant"]) for name, row in named)


def test_every_listed_lesion_gets_a_row(here: World, tmp_path: Path) -> None:
    result = verbs.score(here.package, [here.fresh], lesions=here.lesions, out=tmp_path / "out")
    table = rows(result.csv)
    assert result.scored == len(table) == len(rows(here.lesions))
    assert {row["status"] for row in table} == {"scored"}
    assert all(0 <= float(row["score_malignant"]) <= 1 for row in table)
    assert result.csv.stat().st_mode & 0o777 == 0o600


def test_without_a_lesion_nothing_is_cropped_blindly(here: World, tmp_path: Path) -> None:
    result = verbs.score(here.package, [here.fresh], out=tmp_path / "out")
    assert {row["reason_code"] for row in rows(result.csv)} == {"NO_REGION"}
    assert result.scored == 0


def test_a_dicom_series_and_its_nifti_twin_score_alike_to_the_last_digit(here: World, tmp_path: Path) -> None:
    """The twin is stored with a float32 affine; the tensors, and so the scores, are equal."""
    scored = verbs.score(here.package, [here.fresh], lesions=here.lesions, out=tmp_path / "dicom")
    listed = rows(here.lesions)
    twins = tmp_path / "twins"
    for name in sorted({row["image"] for row in listed}):
        verbs.convert(here.lesions.parent / name, twins / f"{Path(name).name}.nii.gz")
    names = list(listed[0])
    lines = [",".join(names)]
    for row in listed:
        row["image"], row["series_uid"] = f"twins/{Path(row['image']).name}.nii.gz", ""
        lines.append(",".join(row[name] for name in names))
    (tmp_path / "twins.csv").write_text("\n".join(lines) + "\n")
    again = verbs.score(here.package, [twins], lesions=tmp_path / "twins.csv", out=tmp_path / "nifti")
    assert scores_of(scored.csv) == scores_of(again.csv)


def test_a_missing_input_is_a_usage_error(here: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        verbs.score(here.package, [tmp_path / "none"], out=tmp_path / "out")
