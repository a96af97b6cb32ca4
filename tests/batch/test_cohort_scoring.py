"""Does every row of a cohort end in a score or a reason, once, whatever happens in between?"""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medidense.batch import COMPARED, TRAINING_SUBJECT, scored_cohort
from medidense.cohort import image_print, read_cohort
from medidense.errors import Interrupted, LockedError, RunError
from medidense.io import read_volume, write_nifti
from medidense.package import Package
from medidense.values import Prediction, Region, Sample, Score, Source, Volume

HEAD = "subject_id,image,label,lesion_id,x_mm,y_mm,z_mm,diameter_mm,frame"


@pytest.fixture
def samples(scans: Path) -> tuple[Sample, ...]:
    """Six lesions in five images: the last one holds two."""
    places = [(f"s{n}", "L1", "24,24,6,9,RAS") for n in range(5)] + [("s4", "L2", "-20,-20,6,5,LPS")]
    lines = [
        f"P-{name},{name}.nii.gz,{('benign', 'malignant')[row % 2]},{lesion},{place}"
        for row, (name, lesion, place) in enumerate(places)
    ]
    (scans / "cohort.csv").write_text("\n".join([HEAD, *lines]) + "\n")
    return read_cohort(scans / "cohort.csv").samples


@pytest.fixture
def asked(package: Package, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one each time that the package is asked."""
    found: list[int] = []
    real: Callable[..., Prediction] = Package.predict

    def predict(self: Package, volume: Volume, region: Region | None, cells: object) -> Prediction:
        found.append(1)
        return real(self, volume, region, cells)

    monkeypatch.setattr(Package, "predict", predict)
    return found


def scores(
    package: Package, samples: tuple[Sample, ...], out: Path, known: object = None
) -> dict[str, Score]:
    with scored_cohort(package, samples, known, out) as scored:  # type: ignore[arg-type]
        return {sample.name: score for sample, score in scored.rows()}


def test_each_row_has_what_the_package_says_of_it(
    package: Package, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    found = scores(package, samples, tmp_path / "out")
    assert list(found) == [sample.name for sample in samples]
    for sample in samples:
        volume = read_volume(Path(sample.image_path))
        assert sample.marker is not None
        around = Region(sample.marker.centre_mm, (sample.marker.diameter_mm,) * 3)
        assert found[sample.name].scores == package.predict(volume, around).scores
        ball = np.pi / 6 * sample.marker.diameter_mm**3
        assert found[sample.name].figures["volume_mm3"] == pytest.approx(ball)
        assert found[sample.name].figures["slice_mm"] == 3.0


def test_a_known_image_is_refused_and_never_scored(
    package: Package, samples: tuple[Sample, ...], asked: list[int], tmp_path: Path
) -> None:
    digest = image_print(read_volume(Path(samples[4].image_path))).digest
    found = scores(package, samples, tmp_path / "out", known=lambda one: one == digest)
    codes = [found[sample.name].reason_code for sample in samples]
    assert codes == ["", "", "", "", "TRAINING_SUBJECT", "TRAINING_SUBJECT"]
    assert len(asked) == 4


def test_the_same_image_in_another_file_is_known(
    package: Package, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    """Another type of voxels, another spacing, another order of axes: the values are those of training."""
    volume = read_volume(Path(samples[0].image_path))
    digest = image_print(volume).digest
    turned = np.ascontiguousarray(volume.array[::-1].astype(np.float32))
    affine = np.diag([-2.0, 2.0, 3.0, 1.0])
    affine[0, 3] = 2.0 * (turned.shape[0] - 1)
    write_nifti(Volume(turned, affine, Source("nifti")), tmp_path / "copy.nii.gz")
    copy = replace(samples[0], image="copy.nii.gz", image_path=tmp_path / "copy.nii.gz")
    (found,) = scores(package, (copy,), tmp_path / "out", known=lambda one: one == digest).values()
    assert found.reason_code == "TRAINING_SUBJECT"


def test_a_stopped_run_goes_on_where_it_was(
    package: Package, samples: tuple[Sample, ...], asked: list[int], tmp_path: Path
) -> None:
    def stop(done: int) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with (
        pytest.raises(Interrupted) as caught,
        scored_cohort(package, samples, None, tmp_path / "out", stop),
    ):
        raise AssertionError("not to be reached")
    assert caught.value.exit_code == 143
    assert len(asked) == 2
    assert len(scores(package, samples, tmp_path / "out")) == 6
    assert len(asked) == 6


def test_only_what_has_changed_is_scored_again(
    package: Package, samples: tuple[Sample, ...], asked: list[int], tmp_path: Path
) -> None:
    scores(package, samples, tmp_path / "out")
    del asked[:]
    moved = replace(samples[1], marker=replace(samples[1].marker, diameter_mm=8.0))  # type: ignore[type-var]
    scores(package, (samples[0], moved, *samples[2:]), tmp_path / "out")
    assert len(asked) == 1
    os.utime(samples[2].image_path, (1, 1))
    scores(package, (samples[0], moved, *samples[2:]), tmp_path / "out")
    assert len(asked) == 2


def test_a_failed_row_is_told_and_tried_again(
    package: Package, samples: tuple[Sample, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Package, "predict", lambda *_: 1 / 0)
        found = scores(package, samples, tmp_path / "out")
    assert {score.status for score in found.values()} == {"failed"}
    assert "ZeroDivisionError" in found[samples[0].name].reason
    assert {score.status for score in scores(package, samples, tmp_path / "out").values()} == {"scored"}


def test_the_folder_is_of_one_package_and_of_one_process(
    package: Package, other_package: Package, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    with scored_cohort(package, samples[:1], None, tmp_path / "out"), pytest.raises(LockedError):
        scores(package, samples[:1], tmp_path / "out")
    with pytest.raises(RunError, match="another package"):
        scores(other_package, samples[:1], tmp_path / "out")


def test_images_of_rows_beside_are_compared_once_and_never_scored(
    package: Package, samples: tuple[Sample, ...], asked: list[int], tmp_path: Path
) -> None:
    learnt = image_print(read_volume(Path(samples[1].image_path))).digest
    (tmp_path / "gone.nii.gz").write_bytes(b"no image")
    gone = replace(samples[2], image="gone.nii.gz", image_path=tmp_path / "gone.nii.gz", row=9)
    looked: list[str] = []

    def known(digest: str) -> bool:
        looked.append(digest)
        return digest == learnt

    def told(out: Path) -> dict[str, tuple[str, str]]:
        beside = [samples[1], gone, samples[4]]
        with scored_cohort(package, samples[3:], known, out, beside=beside) as scored:
            assert len(list(scored.rows())) == 3
            return {sample.name: (score.status, score.reason_code) for sample, score in scored.compared()}

    found = told(tmp_path / "out")
    assert found[samples[1].name] == ("refused", TRAINING_SUBJECT)
    assert found[gone.name][0] == "refused"
    assert found[gone.name][1] not in ("", TRAINING_SUBJECT)
    assert samples[4].name not in found, "its image was compared when it was scored"
    assert len(asked) == 3
    compared = len(looked)
    assert told(tmp_path / "out") == found
    assert len(looked) == compared, "read again"
    with scored_cohort(package, samples[:1], known, tmp_path / "out", beside=samples[2:3]) as scored:
        assert [score.status for _, score in scored.compared()] == [COMPARED]
    again = scores(package, samples[2:3], tmp_path / "out", known)
    assert [score.status for score in again.values()] == ["scored"], "the label came later"


def test_one_file_by_two_paths_is_one_image(
    package: Package, samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    (tmp_path / "link.nii.gz").symlink_to(samples[0].image_path)
    linked = replace(samples[1], image="link.nii.gz", image_path=tmp_path / "link.nii.gz")
    found = scores(package, (samples[0], linked), tmp_path / "out")
    assert [score.status for score in found.values()] == ["scored", "scored"]
