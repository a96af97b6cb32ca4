"""export, verify and score: what is passed on, what is printed, which exit code."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from medidense.cli.app import main


def test_export_names_the_package_and_its_digest(
    result: Callable[..., object], stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = stand_in("export", result(package=Path("p"), models=5, digest="ab" * 32, notes=("half of it",)))
    assert main(["export", ".", "--out", "p", "--name", "lung", "--model-version", "2", "--overwrite"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "package  p",
        "models   5",
        "sha256   " + "ab" * 32,
        "note: half of it",
    ]
    ((args, options),) = calls  # type: ignore[misc]
    del options["progress"]
    assert args == (Path(),)
    assert options == {"out": Path("p"), "name": "lung", "version": "2", "overwrite": True}


def test_verify_names_each_failed_check_and_exits_2(
    result: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    checks = (
        SimpleNamespace(name="digests", ok=False, detail="fold_0.safetensors differs"),
        SimpleNamespace(name="manifest", ok=True, detail=""),
    )
    stand_in("verify", result(ok=False, checks=checks))
    assert main(["verify", "."]) == 2
    captured = capsys.readouterr()
    assert "digests   FAILED   fold_0.safetensors differs" in captured.out
    assert captured.err == (
        "medidense: .: check failed: digests; found fold_0.safetensors differs; export it again\n"
    )
    stand_in("verify", result(ok=True, checks=checks[1:]))
    assert main(["verify", "."]) == 0


@pytest.mark.parametrize(("refused", "failed", "code"), [(0, 0, 0), (1, 0, 4), (0, 2, 4)])
def test_score_exits_4_when_a_row_is_missing_its_score(
    refused: int,
    failed: int,
    code: int,
    result: Callable[..., object],
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = result(found=9, scored=7, refused=refused, failed=failed, csv=Path("s/scores.csv"), unmatched=())
    calls = stand_in("score", done)
    assert main(["score", ".", ".", ".", "--out", "s"]) == code
    captured = capsys.readouterr()
    assert "s/scores.csv" in captured.out
    assert "not a medical device" in captured.out
    assert captured.err.count("medidense: ") == (1 if code else 0)
    args, options = calls[0]
    assert args == (Path(), [Path(), Path()])
    assert options["lesions"] is None


def test_score_warns_of_lesions_that_matched_nothing(
    result: Callable[..., object],
    stand_in: Callable[..., object],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    listed = tmp_path / "l.csv"
    listed.touch()
    names = tuple(f"L{n}" for n in range(7))
    stand_in("score", result(found=1, scored=1, refused=0, failed=0, csv=Path("s.csv"), unmatched=names))
    assert main(["score", ".", ".", "--out", "s", "--lesions", str(listed)]) == 0
    err = capsys.readouterr().err
    assert "warning" in err
    assert "7 lesions matched no input: L0, L1, L2, L3, L4 ..." in err
