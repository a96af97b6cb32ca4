"""A catalogue as lines: whole in a file, no wider than the screen on a terminal."""

import os
import shlex
import sys

import pytest

from medidense.cli.listing import listing
from medidense.values import Entry, Refusal

UID = "1.2.840.113619.2.55.3.604688119.969.1268071029"
ENTRIES = (
    Entry(
        "scans/" + "deep/" * 9 + "echo",
        "volume",
        "dicom",
        "MR",
        series_uid=f"{UID}.1",
        shape=(256, 256, 120),
        spacing_mm=(0.9375, 0.9375, 1.2),
        note="other series lie here, and this sentence is so long that it does not fit into one line",
        marks=(("ImageType", "M ND"), ("EchoTime", "4.6")),
    ),
    Entry("scans/b", "refused", "dicom", "CT", series_uid=f"{UID}.2", refusal=Refusal("TILTED", *"abcd")),
    Entry("scout", "skipped", "dicom", "CT", series_uid="1.2", note="LOCALIZER: a scout"),
    Entry("a\x1b[31m.txt", "skipped"),
)


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))


def test_in_a_file_an_entry_is_a_line_with_all_of_it() -> None:
    head, first, second, third = listing(ENTRIES, 6)
    assert head.split() == ["series", "state", "kind", "voxels", "mm", "path"]
    assert first.startswith(f"{UID}.1  volume   MR    256x256x120  0.938x0.938x1.2  scans/deep/")
    assert "--pick 'ImageType=M ND'  --pick EchoTime=4.6  other series" in first
    assert second.split() == [f"{UID}.2", "TILTED", "CT", "scans/b"]
    assert third.split()[1] == "skipped"


@pytest.mark.usefixtures("on_terminal")
def test_a_terminal_of_80_columns_is_enough() -> None:
    lines = list(listing(ENTRIES, 6))
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("..1029.1  volume   MR")
    assert lines[1].endswith("deep/echo")
    assert "".join(lines).count("--pick") == 2
    picks = [shlex.split(line) for line in lines if "--pick" in line]
    assert picks == [["--pick", "ImageType=M ND"], ["--pick", "EchoTime=4.6"]]


@pytest.mark.usefixtures("on_terminal")
def test_a_path_has_its_own_line_where_little_is_left() -> None:
    wide = Entry("p" * 30, "refused", "dicom", "MR", refusal=Refusal("REPEATED_POSITION", *"abcd"))
    lines = list(listing((*ENTRIES, wide), 20))
    assert "path" not in lines[0]
    assert max(map(len, lines)) <= 80
    assert f"    {'p' * 30}" in lines


def test_nothing_to_list_has_no_head() -> None:
    assert list(listing(ENTRIES[3:], 6)) == []
