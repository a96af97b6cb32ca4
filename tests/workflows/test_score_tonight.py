import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from medidense.phantoms import write_fresh

pytestmark = pytest.mark.slow


@pytest.fixture
def own_run(trained: Any, tmp_path: Path) -> Path:
    """The run, where its package may be written beside it."""
    return Path(shutil.copytree(trained.run, tmp_path / "run"))


def test_export_once_score_and_sum_up(story: Any, own_run: Path, tmp_path: Path, capsys: Any) -> None:
    night = story("score_tonight")
    folder, lesions = write_fresh(tmp_path / "fresh", count=2, seed=0)
    assert night.main(own_run, folder, lesions=lesions, out=tmp_path / "scores") == 0
    printed = capsys.readouterr().out
    assert "exported 2 models" in printed
    assert "2 scored, 0 refused, 0 failed" in printed
    with (tmp_path / "scores" / "scores.csv").open(newline="") as stream:
        best = max(float(row["score_malignant"]) for row in csv.DictReader(stream))
    assert f"highest scores for malignant:\n  {best:.3f}  " in printed
    assert night.main(own_run, folder, lesions=lesions, out=tmp_path / "scores") == 0
    assert "exported" not in capsys.readouterr().out


def test_a_series_without_a_lesion_is_refused_and_counted(
    story: Any, own_run: Path, tmp_path: Path, capsys: Any
) -> None:
    folder, lesions = write_fresh(tmp_path / "fresh", count=2, seed=0)
    lines = lesions.read_text().splitlines()
    lesions.write_text("\n".join(lines[:2]) + "\n")
    assert story("score_tonight").main(own_run, folder, lesions=lesions, out=tmp_path / "scores") == 4
    printed = capsys.readouterr().out
    assert "1 scored, 1 refused" in printed
    assert "not scored, 1 x NO_REGION" in printed


def test_mistakes_have_their_exit_codes(story: Any, own_run: Path, tmp_path: Path, capsys: Any) -> None:
    night = story("score_tonight")
    (tmp_path / "empty").mkdir()
    assert night.main(tmp_path / "nowhere", tmp_path / "empty", out=tmp_path / "scores") == 2
    assert night.main(own_run, tmp_path / "nothing", out=tmp_path / "scores") == 2
    assert night.main(own_run, tmp_path / "empty", out=tmp_path / "scores") == 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(line.startswith("medidense: ") for line in said)


def test_a_damaged_package_is_not_used(story: Any, own_run: Path, tmp_path: Path, capsys: Any) -> None:
    night = story("score_tonight")
    package = night.package_of(own_run)
    weights = next(package.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    folder, lesions = write_fresh(tmp_path / "fresh", count=1, seed=0)
    assert night.main(package, folder, lesions=lesions, out=tmp_path / "scores") == 2
    assert "does not hold" in capsys.readouterr().err
    assert not (tmp_path / "scores" / "scores.csv").exists()
