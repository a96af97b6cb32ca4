"""Every row of the table ends as it says, and nothing but a refusal or a volume comes out of reading."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from medidense.cli.app import main
from medidense.io import read_volume
from medidense.preprocess import prepare
from medidense.values import CODES, Refused, Volume
from medidense.values.input import Input, Intensity
from tests.io.bad_inputs import truth
from tests.io.bad_inputs.cases import Case, Row
from tests.io.bad_inputs.table import TABLE

LIMIT_S = 60
"""No input may hold the reader longer than this."""


def cases(*, apart: bool) -> list[object]:
    """Every case with its id: number, title and, where a row has several, name."""
    found = []
    for row in TABLE:
        if row.apart is apart:
            for case in row.cases:
                name = "-".join([f"{row.number:02d}", row.title, *case.name.split()])
                found.append(pytest.param(row, case, id=name))
    return found


@contextmanager
def within(megabytes: int) -> Iterator[None]:
    """Fail where more memory than this was asked for in the meantime; 0 means no limit.

    Python and NumPy tell what they asked for; of the decoders' own the highest mark of the process tells.
    """
    if not megabytes:
        yield
        return
    before = highest_mark()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] >> 20
    finally:
        tracemalloc.stop()
    assert peak < megabytes, f"{peak} MiB were asked for"
    assert highest_mark() - before < megabytes, "so many MiB were used"


def highest_mark() -> int:
    """The most MiB that this process, or a child that has ended, ever held."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(whose).ru_maxrss for whose in both) // unit


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def read(case: Case, path: Path) -> Volume | Refused:
    """What reading ends in; any other exception passes through, and no library may warn the user."""
    options = {} if case.options is None else {"options": case.options}
    chosen = {"series_uid": case.series_uid} if case.series_uid else {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("ignore")
        for kind in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", kind)
        try:
            ended: Volume | Refused = read_volume(path, **chosen, **options)
        except Refused as refused:
            ended = refused
    assert [str(one.message) for one in told] == [], "a library spoke to the user"
    return ended


def stands(word: str, text: str) -> bool:
    """Whether a word, number or UID stands in a text as a whole, in capitals or not."""
    return re.search(rf"(?<![\w.]){re.escape(word)}(?!\w|\.\w)", text, re.IGNORECASE) is not None


def check_refusal(refused: Refused, case: Case, path: Path) -> None:
    refusal, sentence = refused.refusal, refused.refusal.sentence
    assert refusal.code in case.codes, sentence
    assert refusal.where.startswith(str(path)), sentence
    inside = refusal.where.removeprefix(str(path))
    told = f"{inside} | {refusal.found} | {refusal.expected} | {refusal.next_step}"
    missing = [word for word in case.words if not any(stands(part, told) for part in word.split("|"))]
    assert missing == [], sentence
    assert [secret for secret in case.secrets if secret in sentence] == []
    assert "\n" not in sentence
    assert refusal.found
    assert refusal.expected
    assert refusal.next_step


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize(("row", "case"), cases(apart=False))
def test_an_input_ends_as_its_row_says(
    row: Row, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "in").mkdir()
    path = case.build(tmp_path / "in")
    if case.name == "without permission" and os.access(path, os.R_OK):
        pytest.skip("permissions do not stop this user (root)")
    before = files_below(tmp_path)
    with within(case.megabytes):
        ended = read(case, path)
    if case.codes:
        assert isinstance(ended, Refused), f"read as {ended}"
        check_refusal(ended, case, path)
    else:
        assert isinstance(ended, Volume), ended.refusal.sentence
        assert case.holds is not None
        case.holds(ended)
        assert [text.split(":")[0] for text in ended.warnings] == ([case.warning] if case.warning else [])
    assert files_below(tmp_path) == before, "reading left something behind"
    assert not Path("/tmp_evil").exists()


def test_the_table_has_every_row_of_the_contract_once() -> None:
    assert [row.number for row in TABLE] == list(range(1, 97))
    assert all(row.cases for row in TABLE)
    named = {code for row in TABLE for case in row.cases for code in case.codes}
    assert named - set(CODES) == {"OVERWRITE"}, "which is an OutputExistsError, exit code 2"
    ids = [parameter.id for apart in (False, True) for parameter in cases(apart=apart)]
    assert len(set(ids)) == len(ids)


def child(*command: str | Path, imports: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own; `imports` is a folder in front of its import path."""
    places = [imports, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in places if place)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )


def converting(source: Path, target: Path) -> tuple[str | Path, ...]:
    """The command line that converts."""
    return sys.executable, "-m", "medidense", "convert", source, target


def test_15_a_decoder_that_is_not_installed_is_named(tmp_path: Path) -> None:
    (case,) = next(row for row in TABLE if row.number == 15).cases
    source, target = case.build(tmp_path), tmp_path / "out.nii"
    assert isinstance(read(case, source), Volume), "with its decoder the file is read"
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "gdcm.py").write_text("raise ImportError('not installed')\n")
    done = child(*converting(source, target), imports=str(tmp_path / "shadow"))
    assert done.returncode == 4, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("medidense: UNKNOWN_SYNTAX: ")
    assert all(word in line for word in (*case.words, str(source)))
    assert not target.exists()


def test_58_a_constant_volume_is_converted_and_never_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (case,) = next(row for row in TABLE if row.number == 58).cases
    source = case.build(tmp_path)
    assert main(["convert", str(source), str(tmp_path / "out.nii")]) == 0
    for path in (source, tmp_path / "out.nii"):
        volume = read(case, path)
        assert isinstance(volume, Volume)
        case.holds(volume)
        whole = Input(
            dims=3,
            region="whole",
            spacing_mm=(2, 2, 2),
            size=(32, 32, 32),
            intensity=Intensity(rule="window", low=-1000, high=400),
        )
        with pytest.raises(Refused, match=r"^CONSTANT: .* 7 ") as caught:
            prepare(volume, None, whole)
        assert caught.value.refusal.code == "CONSTANT"
    (tmp_path / "cohort.csv").write_text("subject_id,image,label\nA,out.nii,0\nB,series,1\n")
    assert main(["check", str(tmp_path / "cohort.csv")]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("medidense: ")]
    assert len(lines) == 2, lines
    assert all("CONSTANT" in line for line in lines)


def test_95_an_output_that_exists_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = truth.series(tmp_path), tmp_path / "out.nii.gz"
    target.write_text("precious")
    assert main(["convert", str(source), str(target)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"medidense: {target}: ")
    assert "--overwrite" in line
    assert target.read_text() == "precious"
    assert main(["convert", str(source), str(target), "--overwrite"]) == 0
    assert isinstance(read_volume(target), Volume)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nii.gz", "series"]


def test_96_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = truth.series(tmp_path)
    (tmp_path / "file").write_text("precious")
    assert main(["convert", str(source), str(tmp_path / "file" / "out.nii")]) == 74
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"medidense: {tmp_path / 'file' / 'out.nii'}: cannot be written; ")
    assert (tmp_path / "file").read_text() == "precious"


PRIVATE_MOUNTS = ("unshare", "--map-root-user", "--mount", "sh", "-c")
"""A shell whose mounts end with it and are seen by nobody else."""


def test_96_a_disk_that_is_full_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """A file system of 8 kB under a volume of 24 kB."""
    source, disk, left = truth.series(tmp_path), tmp_path / "disk", tmp_path / "left"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=8k tmpfs '{disk}'"
    if shutil.which("unshare") is None or child(*PRIVATE_MOUNTS, mount).returncode:
        pytest.skip("this machine lets nobody mount a file system of his own")
    script = f"""{mount} && "$@"; code=$?; ls -A '{disk}' > '{left}'; exit $code"""
    done = child(*PRIVATE_MOUNTS, script, "sh", *converting(source, disk / "out.nii"))
    assert done.returncode == 74, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"medidense: {disk / 'out.nii'}: cannot be written; found No space left")
    assert left.read_text() == ""
