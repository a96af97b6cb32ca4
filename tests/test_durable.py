"""Whole or not at all: what is left when writing fails, and who may hold a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from medidense import durable
from medidense.errors import LockedError, OutputExistsError, WriteError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    durable.write_text(target, "old")
    with pytest.raises(ValueError, match="stop"), durable.replacing(target) as draft:
        draft.write_text("new")
        raise ValueError("stop")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_files_of_subjects_are_private_by_default(tmp_path: Path) -> None:
    durable.write_text(tmp_path / "private.csv", "x")
    durable.write_text(tmp_path / "open.txt", "x", durable.OPEN)
    assert (tmp_path / "private.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "open.txt").stat().st_mode & 0o777 == 0o644


def test_a_path_under_a_file_is_a_write_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    target = tmp_path / "file" / "below.txt"
    with pytest.raises(WriteError) as caught:
        durable.write_text(target, "x")
    assert str(target) in str(caught.value)
    assert caught.value.exit_code == 74


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_a_write_error(tmp_path: Path) -> None:
    with (
        pytest.raises(WriteError, match="No space left"),
        durable.writing(tmp_path / "x"),
        Path("/dev/full").open("w") as stream,
    ):
        stream.write("x")
        stream.flush()


def test_the_draft_keeps_the_suffix_that_writers_choose_a_format_by(tmp_path: Path) -> None:
    with durable.replacing(tmp_path / "map.nii.gz") as draft:
        assert draft.name.endswith(".nii.gz")
        draft.write_bytes(b"x")


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "package"
    with pytest.raises(ValueError, match="stop"), durable.replacing_folder(target) as draft:
        (draft / "a").write_text("x")
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []
    with durable.replacing_folder(target) as draft:
        (draft / "a").write_text("1")
    with pytest.raises(OutputExistsError), durable.replacing_folder(target) as draft:
        (draft / "a").write_text("2")
    assert (target / "a").read_text() == "1"
    with durable.replacing_folder(target, overwrite=True) as draft:
        (draft / "b").write_text("2")
    assert [path.name for path in target.iterdir()] == ["b"]


def test_a_table_is_plain_csv_with_unix_lines(tmp_path: Path) -> None:
    durable.write_csv(tmp_path / "t.csv", ("a", "b"), [("1", 'say "x", y')])
    assert (tmp_path / "t.csv").read_bytes() == b'a,b\n1,"say ""x"", y"\n'


def test_digests_agree_with_the_known_value(tmp_path: Path) -> None:
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    (tmp_path / "abc").write_bytes(b"abc")
    assert durable.sha256_file(tmp_path / "abc") == durable.sha256_bytes(b"abc") == known


def test_a_second_process_cannot_hold_the_folder(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom medidense import durable\nfrom medidense.errors import LockedError\n"
        "try:\n    durable.locked(pathlib.Path(sys.argv[1])).__enter__()\n"
        "except LockedError as e:\n    sys.exit(e.exit_code)\n"
    )
    command = [sys.executable, "-c", code, os.fspath(tmp_path)]
    with durable.locked(tmp_path):
        assert subprocess.run(command, check=False).returncode == LockedError.exit_code == 75
    assert subprocess.run(command, check=False).returncode == 0


def test_a_lock_is_waited_for_and_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    program = (
        "import sys, pathlib, time\nfrom medidense import durable\n"
        "with durable.locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def waiting() -> None:
        told.append("waiting")
        holder.kill()

    with pytest.raises(LockedError), durable.locked(tmp_path):
        pass
    with durable.locked(tmp_path, "other"):  # another lock of the same folder
        pass
    with durable.locked(tmp_path, wait_s=60, waiting=waiting):
        assert told == ["waiting"]
    holder.wait()


def test_a_line_is_added_whole_and_a_torn_one_is_closed_first(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines.jsonl"
    durable.append_line(path, "1")
    with path.open("a") as stream:
        stream.write('{"torn')
    durable.append_line(path, "2")
    assert path.read_text() == '1\n{"torn\n2\n'
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError):
        durable.append_line(tmp_path / "file" / "x", "1")
