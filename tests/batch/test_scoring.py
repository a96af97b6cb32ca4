"""Does every input end in its rows, exactly once, whatever happens in between?"""

import csv
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless
from scipy.special import expit, logit

from medidense.batch import BatchResult, Lesion, Lesions, read_lesions, score_inputs
from medidense.durable import locked
from medidense.errors import Interrupted, LockedError, NothingFoundError, RunError, UsageError
from medidense.io import read_volume, write_nifti, write_series
from medidense.package import Package
from medidense.values import Calibration, Marker, Prediction, Region, SetRule, Source, Volume


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "scores.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def told(out: Path) -> list[tuple[str, str, str, str]]:
    return [(Path(r["input"]).name, r["lesion_id"], r["status"], r["reason_code"]) for r in rows(out)]


def timeless(out: Path) -> list[list[str]]:
    """Every cell but the last, which is seconds."""
    with (out / "scores.csv").open(newline="") as stream:
        return [line[:-1] for line in csv.reader(stream)]


def score(package: Package, scans: Path, out: Path) -> BatchResult:
    return score_inputs(package, [scans], read_lesions(scans / "lesions.csv"), out)


def counts(result: BatchResult) -> tuple[int, int, int, int, int]:
    return result.found, result.fresh, result.scored, result.refused, result.failed


def test_one_row_for_each_lesion_with_the_packages_own_score(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    result = score(package, scans, tmp_path / "out")
    assert counts(result) == (5, 5, 6, 0, 0)
    assert result.unmatched == ()
    found = rows(tmp_path / "out")
    assert [(Path(row["input"]).name, row["lesion_id"]) for row in found] == [
        *[(f"s{number}.nii.gz", "L1") for number in range(5)],
        ("s4.nii.gz", "L2"),
    ]
    volume = read_volume(scans / "s3.nii.gz")
    expected = package.predict(volume, Region((24.0, 24.0, 6.0), (9.0, 9.0, 9.0)))
    assert float(found[3]["score_malignant"]) == pytest.approx(expected.scores["malignant"], abs=5e-10)
    assert found[3]["decision"] == expected.decision
    assert len({row["score_malignant"] for row in found}) == 6
    assert (tmp_path / "out" / "scores.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out" / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_calibrated_scores_and_sets_stand_beside_where_the_package_has_them(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    score(package, scans, tmp_path / "plain")
    plain = rows(tmp_path / "plain")
    assert not {"calibrated_score", "set"} & set(plain[0])
    middle = sorted(float(row["score_malignant"]) for row in plain)[2]
    for least, expected in (((0.0, middle - 1e-6), "benign;malignant"), ((1.0, middle - 1e-6), "malignant")):
        added = {
            "calibration": Calibration(method="platt", slope=2.0, intercept=-0.5),
            "sets": SetRule(coverage=0.9, least=least),
        }
        told = replace(package, manifest=package.manifest.model_copy(update=added), digest=str(least))
        score(told, scans, tmp_path / expected)
        found = rows(tmp_path / expected)
        for row, before in zip(found, plain, strict=True):
            raw = float(row["score_malignant"])
            assert row["score_malignant"] == before["score_malignant"]
            assert float(row["calibrated_score"]) == pytest.approx(expit(2 * logit(raw) - 0.5), abs=1e-6)
            assert row["set"] == (expected if raw >= middle - 1e-6 else "benign" if least[0] == 0 else "-")


def test_an_archive_scores_as_what_it_holds(package: Package, scans: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(scans / "s1.zip", "w") as archive:
        archive.write(scans / "s1.nii.gz", "CT/scan.nii.gz")
    with zipfile.ZipFile(scans / "s9.zip", "w") as archive:
        archive.writestr("CT/cut.dcm", b"no image")
    (scans / "lesions.csv").write_text("image,x_mm,y_mm,z_mm,diameter_mm,frame\ns1.zip,24,24,6,9,RAS\n")
    out = tmp_path / "out"
    result = score_inputs(
        package, [scans / "s1.zip", scans / "s9.zip"], read_lesions(scans / "lesions.csv"), out
    )
    assert counts(result) == (2, 2, 1, 1, 0)
    expected = package.predict(read_volume(scans / "s1.nii.gz"), Region((24.0, 24.0, 6.0), (9.0, 9.0, 9.0)))
    found = rows(out)
    assert float(found[0]["score_malignant"]) == pytest.approx(expected.scores["malignant"], abs=5e-10)
    assert (found[1]["input"], found[1]["reason_code"]) == (str(scans / "s9.zip"), "NOT_DICOM")


def test_a_finished_run_repeated_scores_nothing_and_touches_nothing(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (scans / "broken.nii.gz").write_bytes(b"no image")
    first = score(package, scans, out)
    before = {path: path.stat().st_mtime_ns for path in (out, out / "scores.csv", out / "ledger.db")}
    again = score(package, scans, out)
    assert counts(again) == (first.found, 0, *counts(first)[2:]) == (6, 0, 6, 1, 0)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_every_bad_input_is_one_row_and_stops_no_other(package: Package, scans: Path, tmp_path: Path) -> None:
    (scans / "a_broken.nii.gz").write_bytes(b"no image")
    (scans / "b_empty.dcm").touch()
    write_nifti(Volume(np.zeros((40, 40, 4), np.int16), np.eye(4), Source("nifti")), scans / "c_flat.nii.gz")
    write_nifti(replace(lungs(7), affine=np.diag([1.0, 1.0, 3.0, 1.0])), scans / "d_no_lesion.nii.gz")
    write_nifti(lungs(7).with_array(lungs(7).array + 5000), scans / "e_units.nii.gz")
    with (scans / "lesions.csv").open("a") as stream:
        stream.write("c_flat.nii.gz,L1,20,20,2,9,RAS\ne_units.nii.gz,L1,24,24,6,9,RAS\n")
        stream.write(
            "s0.nii.gz,far,900,24,6,9,RAS\nlater.nii.gz,L7,24,24,6,9,RAS\na_broken.nii.gz,L1,1,1,1,9,RAS\n"
        )
    (scans / "README.txt").write_text("no image at all")
    result = score(package, scans, tmp_path / "out")
    found = told(tmp_path / "out")
    assert [row for row in found if row[2] != "scored"] == [
        ("a_broken.nii.gz", "L1", "refused", "NOT_NIFTI"),
        ("b_empty.dcm", "", "refused", "EMPTY"),
        ("c_flat.nii.gz", "L1", "refused", "CONSTANT"),
        ("d_no_lesion.nii.gz", "", "refused", "NO_REGION"),
        ("e_units.nii.gz", "L1", "refused", "IMPLAUSIBLE"),
        ("s0.nii.gz", "far", "refused", "OUTSIDE"),
    ]
    assert counts(result) == (10, 10, 6, 6, 0)
    assert result.unmatched == ("lesions.csv row 11",)
    refused = next(row for row in rows(tmp_path / "out") if row["reason_code"] == "NO_REGION")
    assert refused["reason"].startswith("NO_REGION: ")
    assert refused["score_malignant"] == refused["decision"] == ""


def lungs(seed: int) -> Volume:
    array = np.random.default_rng(seed).normal(-850.0, 30.0, (48, 48, 5)).astype(np.int16)
    array[18:29, 20:29, 1:4] = 40
    return Volume(array, np.diag([1.0, 1.0, 3.0, 1.0]), Source("nifti"))


class Troubled:
    """A package that does something before it predicts for the n-th time."""

    def __init__(self, package: Package, at: int, trouble: Exception) -> None:
        self.manifest, self.digest, self.networks = package.manifest, package.digest, package.networks
        self._package, self._left, self._trouble = package, at, trouble

    def predict(self, volume: Volume, region: Region | None = None) -> Prediction:
        self._left -= 1
        if self._left == 0:
            raise self._trouble
        return self._package.predict(volume, region)


def test_an_unforeseen_error_is_a_failed_row_that_tells_its_type_only_and_is_tried_again(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    troubled = Troubled(package, 2, ZeroDivisionError("Mr Smith, born 1950"))
    result = score_inputs(troubled, [scans], read_lesions(scans / "lesions.csv"), out)  # type: ignore[arg-type]
    assert counts(result) == (5, 5, 5, 0, 1)
    assert told(out)[1] == ("s1.nii.gz", "L1", "failed", "INTERNAL")
    assert "ZeroDivisionError" in rows(out)[1]["reason"]
    assert b"Smith" not in (out / "scores.csv").read_bytes() + (out / "ledger.db").read_bytes()
    assert counts(score(package, scans, out)) == (5, 1, 6, 0, 0)
    score(package, scans, tmp_path / "straight")
    assert timeless(out) == timeless(tmp_path / "straight")


def test_what_fails_again_in_the_same_way_changes_nothing(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    out, lesions = tmp_path / "out", read_lesions(scans / "lesions.csv")
    times = []
    for _ in range(2):
        troubled = Troubled(package, 1, ZeroDivisionError())
        result = score_inputs(troubled, [scans / "s0.nii.gz"], lesions, out)  # type: ignore[arg-type]
        assert counts(result) == (1, 1, 0, 0, 1)
        times.append([(out / name).stat().st_mtime_ns for name in ("scores.csv", "ledger.db")])
    assert times[0] == times[1]


def test_nothing_found_leaves_no_output(package: Package, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "README.txt").write_text("none")
    with pytest.raises(NothingFoundError) as caught:
        score_inputs(package, [tmp_path / "scans"], None, tmp_path / "out")
    assert caught.value.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_another_package_may_not_write_into_the_same_output(
    package: Package, other_package: Package, scans: Path, tmp_path: Path
) -> None:
    score(package, scans, tmp_path / "out")
    before = (tmp_path / "out" / "scores.csv").read_bytes()
    with pytest.raises(RunError) as caught:
        score(other_package, scans, tmp_path / "out")
    assert package.digest in caught.value.lines[0]
    assert other_package.digest in caught.value.lines[0]
    assert (tmp_path / "out" / "scores.csv").read_bytes() == before


def test_what_cannot_work_is_refused_before_anything_is_written(
    package: Package, whole_package: Package, scans: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="scores whole images"):
        score(whole_package, scans, tmp_path / "out")
    with pytest.raises(UsageError, match="must not lie inside an input"):
        score(package, scans, scans / "out")
    assert not (tmp_path / "out").exists()
    assert not (scans / "out").exists()
    with locked(tmp_path / "out"), pytest.raises(LockedError):
        score(package, scans, tmp_path / "out")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_finishes_the_input_in_hand_and_the_same_command_goes_on(
    package: Package, scans: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    def stop(done: int) -> None:
        if done == 2:
            os.kill(os.getpid(), number)

    lesions = read_lesions(scans / "lesions.csv")
    with pytest.raises(Interrupted) as caught:
        score_inputs(package, [scans], lesions, tmp_path / "out", stop)
    assert caught.value.exit_code == code
    assert [row[0] for row in told(tmp_path / "out")] == ["s0.nii.gz", "s1.nii.gz"]
    assert counts(score(package, scans, tmp_path / "out")) == (5, 3, 6, 0, 0)


KILLED = """
import os, signal, sys
sys.modules["mlflow"] = None
from pathlib import Path
import medidense.batch.scoring as scoring
from medidense.batch import read_lesions
from medidense.package import load_package

package, scans, out = load_package(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])
point = ""

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

class Deadly:
    manifest, digest, networks, left = package.manifest, package.digest, package.networks, 6

    def predict(self, volume, region):
        Deadly.left -= 1
        return kill() if point == "predict" and not Deadly.left else package.predict(volume, region)

def progress(done):
    if point == "stored" and done == 3:
        kill()

for point in ("stored", "predict", "table"):
    child = os.fork()
    if not child:
        if point == "table":
            scoring.write_scores = kill
        scoring.score_inputs(Deadly(), [scans], read_lesions(scans / "lesions.csv"), out / point, progress)
        os._exit(0)
    print(point, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_after_kill_9_the_same_command_gives_the_same_table(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    """Killed after an input was stored, between two lesions of one, and before the table was written."""
    arguments = [str(package.path), str(scans), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["stored", "-9", "predict", "-9", "table", "-9"], done.stderr
    score(package, scans, tmp_path / "straight")
    for point, left in (("stored", 2), ("predict", 1), ("table", 0)):
        out = tmp_path / point
        assert not (out / "scores.csv").exists()
        assert score(package, scans, out).fresh == left
        assert timeless(out) == timeless(tmp_path / "straight")
        assert [path.name for path in sorted(out.iterdir())] == [".lock", "ledger.db", "scores.csv"]


def test_a_changed_image_or_lesion_is_scored_again_and_its_old_rows_go(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    score(package, scans, out)
    before = timeless(out)
    table = (scans / "lesions.csv").read_text()
    (scans / "lesions.csv").write_text(
        table.replace("s4.nii.gz,L2", "s4.nii.gz,L9").replace("s1.nii.gz,L1,24", "s1.nii.gz,L1,20")
    )
    (scans / "s2.nii.gz").unlink()
    write_nifti(lungs(9), scans / "s2.nii.gz")
    assert counts(score(package, scans, out)) == (5, 3, 6, 0, 0)
    after = timeless(out)
    changed = [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert changed == [2, 3, 6], "the header is line 0"
    assert after[6][3] == "L9"


def test_a_repaired_file_takes_the_place_of_its_refusal(
    package: Package, scans: Path, tmp_path: Path
) -> None:
    (scans / "s1.nii.gz").write_bytes(b"half a")
    score(package, scans, tmp_path / "out")
    assert ("s1.nii.gz", "L1", "refused", "NOT_NIFTI") in told(tmp_path / "out")
    (scans / "s1.nii.gz").unlink()
    write_nifti(lungs(1), scans / "s1.nii.gz")
    score(package, scans, tmp_path / "out")
    assert [row[2] for row in told(tmp_path / "out") if row[0] == "s1.nii.gz"] == ["scored"]
    assert len(rows(tmp_path / "out")) == 6


def test_a_second_folder_adds_its_rows(package: Package, scans: Path, tmp_path: Path) -> None:
    score_inputs(package, [scans / "s0.nii.gz"], None, tmp_path / "out")
    score_inputs(package, [scans / "s1.nii.gz"], None, tmp_path / "out")
    assert [row[:1] + row[3:] for row in told(tmp_path / "out")] == [
        ("s0.nii.gz", "NO_REGION"),
        ("s1.nii.gz", "NO_REGION"),
    ]


def test_a_dicom_series_and_its_nifti_twin_have_one_score(package: Package, tmp_path: Path) -> None:
    volume = replace(lungs(3), source=Source("dicom", modality="CT"))
    volume.affine[:3, :3] = np.diag([0.7, -0.7, 2.5])
    volume.affine[:3, 3] = [-100.0, 80.0, -40.0]
    folder = tmp_path / "scans"
    uids = write_series(volume, folder / "series", patient="P1", seed=1)
    write_nifti(read_volume(folder / "series"), folder / "twin.nii.gz")
    x, y, z = volume.point_of(np.array([23.0, 24.0, 2.0]))
    (tmp_path / "l.csv").write_text(
        "image,series_uid,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame\n"
        f",{uids.series_uid},L1,{-x},{-y},{z},8,LPS\n"
        f"scans/twin.nii.gz,,L1,{x},{y},{z},8,RAS\n"
    )
    score_inputs(package, [folder], read_lesions(tmp_path / "l.csv"), tmp_path / "out")
    dicom, nifti = rows(tmp_path / "out")
    assert (dicom["status"], nifti["status"]) == ("scored", "scored")
    assert dicom["score_malignant"] == nifti["score_malignant"]
    assert (dicom["series_uid"], dicom["study_uid"]) == (uids.series_uid, uids.study_uid)
    assert (nifti["series_uid"], nifti["study_uid"]) == ("", "")
    region = Region((x, y, z), (8.0, 8.0, 8.0))
    assert (
        package.predict(volume, region).scores
        == package.predict(read_volume(folder / "twin.nii.gz"), region).scores
    )


def test_lesions_made_in_python_serve_as_well(package: Package, scans: Path, tmp_path: Path) -> None:
    place = frozenset({(scans / "s0.nii.gz").resolve()})
    lesion = Lesion(1, "L1", "s0", place, "", None, Marker((24.0, 24.0, 6.0), 9.0))
    result = score_inputs(package, [scans / "s0.nii.gz"], Lesions("mine", (lesion,)), tmp_path / "out")
    assert counts(result) == (1, 1, 1, 0, 0)


def test_damaged_pixels_of_a_compressed_series_are_refused_and_those_of_others_are_not(
    package: Package, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(-900, 300, (48, 48, 4)).astype(np.int16)
    series = tmp_path / "in" / "series"
    write_series(Volume(noise, np.diag([1, 1, 3, 1.0]), Source("dicom", "CT")), series, patient="p", seed=1)
    uid = read_volume(series).source.series_uid
    header = "series_uid,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame"
    (tmp_path / "lesions.csv").write_text(f"{header}\n{uid},L1,24,24,6,9,RAS\n")
    listed = read_lesions(tmp_path / "lesions.csv")
    score_inputs(package, [tmp_path / "in"], listed, tmp_path / "plain")
    assert [row["reason_code"] for row in rows(tmp_path / "plain")] != ["DAMAGED_PIXELS"]
    for file in series.iterdir():
        found = dcmread(file)
        found.compress(RLELossless, generate_instance_uid=False)
        found.save_as(file)
    assert read_volume(series).source.compressed  # which refuses nothing itself
    score_inputs(package, [tmp_path / "in"], listed, tmp_path / "packed")
    (row,) = rows(tmp_path / "packed")
    assert (row["status"], row["reason_code"]) == ("refused", "DAMAGED_PIXELS")
