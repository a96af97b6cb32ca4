"""scan, convert and check: what is passed on, what is printed, which exit code."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from medidense.cli.app import main
from medidense.values import Entry, Limits, ReadOptions, Refusal

REFUSAL = Refusal("TILTED", "b", "14 degrees", "0", "resample it")
ENTRIES = (
    Entry("a", "volume", kind="dicom", modality="CT", shape=(512, 512, 30), spacing_mm=(0.646, 0.646, 8.0)),
    Entry("b", "refused", kind="nifti", refusal=REFUSAL),
    Entry("notes.txt", "skipped"),
)


class Found(tuple[Entry, ...]):
    """Entries as a scan gives them."""

    tail = 6


@pytest.fixture
def scanned(result: Callable[..., object]) -> Callable[..., object]:
    def build(entries: tuple[Entry, ...]) -> object:
        return result(
            entries=Found(entries),
            count=lambda state: sum(entry.state == state for entry in entries),
            summary=lambda: {"volumes": 1},
        )

    return build


def test_scan_lists_volumes_and_refusals_and_exits_4(
    scanned: Callable[..., object],
    stand_in: Callable[..., list[object]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    calls = stand_in("scan", scanned(ENTRIES))
    given = ["--out", "c.csv", "--guess-syntax", "--limit", "files=7", "--limit", "voxels=2G"]
    assert main(["scan", str(tmp_path), ".", *given]) == 4
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "state   kind   voxels      mm             path",
        "volume  CT     512x512x30  0.646x0.646x8  a",
        "TILTED  nifti                             b",
        "1 volume, 1 refused, 1 other file",
        "catalogue  c.csv",
    ]
    assert captured.err == f"medidense: {REFUSAL.sentence}\n"
    ((args, options),) = calls
    assert args == ([tmp_path, Path()],)
    assert options["out"] == Path("c.csv")
    assert options["options"] == ReadOptions(guess_syntax=True, limits=Limits(files=7, voxels=2 << 30))


@pytest.mark.parametrize("limit", ["files", "files=x", "file=1"])
def test_a_limit_that_does_not_hold_is_usage(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", ".", "--limit", limit]) == 2
    assert "medidense: --limit" in capsys.readouterr().err


def test_scan_prints_json_an_entry_a_line(
    scanned: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    for entries in ((), ENTRIES[:1], ENTRIES):
        stand_in("scan", scanned(entries))
        assert main(["scan", ".", "--json"]) == (4 if len(entries) == 3 else 0)
        out = capsys.readouterr().out
        told = [asdict(entry) for entry in entries]
        assert json.loads(out) == json.loads(json.dumps({"volumes": 1, "entries": told}))
        assert len(out.splitlines()) == len(entries) + 1


def test_convert_says_what_was_written_and_warned(
    result: Callable[..., object], stand_in: Callable[..., list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    one = result(
        target=Path("o.nii.gz"),
        shape=(4, 5, 6),
        spacing_mm=(0.5, 0.5, 2.0),
        orientation="LPS",
        warnings=("LOSSY: stored with loss",),
    )
    calls = stand_in("convert", result(written=(one,), refused=()))
    doubts = ["--pick", "EchoTime=4.6", "--allow-tilt", "--fill", "0", "--prefer", "qform"]
    assert main(["convert", ".", "o.nii.gz", "--series", "1.2.3", "--overwrite", *doubts]) == 0
    out = capsys.readouterr().out
    assert "4 x 5 x 6" in out
    assert "LPS" in out
    assert "warning      LOSSY: stored with loss" in out
    ((args, options),) = calls
    assert args == ([Path()], "o.nii.gz")
    assert (options["series"], options["overwrite"]) == ("1.2.3", True)
    asked = ReadOptions(pick={"EchoTime": "4.6"}, allow_tilt=True, fill=0.0, prefer="qform")
    assert options["options"] == asked


def test_convert_of_a_folder_lists_volumes_and_refusals(
    result: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    ones = tuple(
        result(target=Path(f"{n}.nii.gz"), shape=(4, 5, 6), pick=f"EchoTime={n}", source=Path("Anna"))
        for n in (1, 2)
    )
    stand_in("convert", result(written=ones, refused=(REFUSAL,)))
    assert main(["convert", ".", "out"]) == 4
    captured = capsys.readouterr()
    assert "2.nii.gz  4 x 5 x 6  EchoTime=2\n" in captured.out
    assert "Anna" not in captured.out
    assert "TILTED" in captured.err


def test_convert_that_wrote_nothing_lists_nothing(
    result: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in("convert", result(written=(), refused=(REFUSAL,)))
    assert main(["convert", ".", "out"]) == 4
    assert capsys.readouterr().out == ""


def test_a_stack_of_several_can_be_picked_as_it_is_listed(
    scanned: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    entry = Entry("a", "volume", kind="dicom", modality="MR", marks=(("EchoTime", "4.6"),))
    stand_in("scan", scanned((entry,)))
    assert main(["scan", "."]) == 0
    assert "EchoTime=4.6" in capsys.readouterr().out


def test_check_reports_the_figures_of_a_cohort_that_holds(
    result: Callable[..., object], stand_in: Callable[..., object], capsys: pytest.CaptureFixture[str]
) -> None:
    good = result(
        cohort="lung",
        samples=12,
        subjects=1,
        images=12,
        class_counts={"0": 8, "1": 4},
        region="lesion",
        dims=3,
        modality=None,
        notes=("few subjects",),
        leaks=(),
        joined="joined.csv",
    )
    stand_in("check", good)
    assert main(["check", "."]) == 0
    out = capsys.readouterr().out
    assert "12 of 1 subject, 12 images" in out
    assert "class 0: 8, class 1: 4" in out
    assert "a lesion a row" in out
    assert "not stated" in out
    assert "joined.csv" in out
    assert out.endswith("The cohort holds.\n")
