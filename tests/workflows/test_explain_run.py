from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from medidense.phantoms import write_fresh


@pytest.mark.slow
def test_maps_of_the_run_and_of_given_scans(
    story: Any, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lesions = write_fresh(tmp_path / "fresh", count=1, seed=0)
    shown = story("explain_run").main(trained.run, [folder], lesions=lesions, out=tmp_path / "maps")
    printed = capsys.readouterr().out
    own = sorted((trained.run / "saliency").glob("*.nii.gz"))
    assert own
    assert [evidence.map for evidence in shown] == [*own, tmp_path / "maps" / "0000.nii.gz"]
    assert all(str(path) in printed for path in own)
    assert "number 1 by sureness" in printed
    assert "F01 L1\n  score 0." in printed


def test_where_the_peak_lies(story: Any, tmp_path: Path) -> None:
    values = np.zeros((30, 20, 10), dtype=np.float32)
    values[4, 5, 6], values[5, 5, 6], values[20, 5, 6] = 3.0, 2.0, 1.0
    affine = np.diag([-2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = (50.0, -40.0, 100.0)
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "map.nii.gz")
    found = story("explain_run").where(tmp_path / "map.nii.gz")
    assert found.peak_mm == pytest.approx((42.0, -30.0, 118.0))
    assert found.near == pytest.approx(5 / 6)


def test_an_empty_map_is_said_to_be_empty(story: Any, tmp_path: Path, capsys: Any) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 8), np.float32), np.eye(4)), tmp_path / "map.nii.gz")
    assert story("explain_run").where(tmp_path / "map.nii.gz").peak_mm is None
    assert "no evidence" in capsys.readouterr().out


@pytest.mark.slow
def test_a_refused_scan_is_told(story: Any, trained: Any, tmp_path: Path, capsys: Any) -> None:
    folder, _ = write_fresh(tmp_path / "fresh", count=1, seed=0)
    story("explain_run").main(trained.run, [folder], out=tmp_path / "maps")
    printed = capsys.readouterr().out
    assert "no map: NO_REGION" in printed
    assert "1 refused" in printed
