"""Archives that are read, that lie, and what is told of them."""

import os
import stat
import struct
import tempfile
import zipfile
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medidense.io import archive as archive_module
from medidense.io import read_volume
from medidense.io.archive import archives_kept, unpacked_archive
from medidense.io.archive_listing import BROKEN
from medidense.values import Refusal, Refused


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def pack(path, *members, method=ZIP_DEFLATED):
    with ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def refusal_of(path):
    with pytest.raises(Refused) as caught, unpacked_archive(path):
        pass
    return caught.value.refusal


def test_members_become_numbered_files_in_a_private_folder(tmp_path, temporary):
    path = pack(
        tmp_path / "a.zip", ("x/", b""), ("x/a b.dcm", b"one"), ("x/y/LICENSE", b"two"), ("z.NII.GZ", b"3")
    )
    with unpacked_archive(path) as members:
        assert stat.S_IMODE(members.folder.stat().st_mode) == 0o700
        assert members.folder.parent == temporary
        found = {file.name: file.read_bytes() for file in members.folder.iterdir()}
        assert found == {"member-000000.dcm": b"one", "member-000001": b"two", "member-000002.nii.gz": b"3"}
        assert dict(members.names) == {
            "member-000000.dcm": "x/a b.dcm",
            "member-000001": "x/y/LICENSE",
            "member-000002.nii.gz": "z.NII.GZ",
        }
    assert list(temporary.iterdir()) == []


def test_a_pair_shares_its_number_and_a_shadow_file_has_no_suffix(tmp_path, temporary):
    path = pack(
        tmp_path / "a.zip",
        ("a.img", b"1"),
        ("a.hdr", b"2"),
        ("b/a.hdr", b"3"),
        ("b/._scan.nii.gz", b"4"),
        ("c.img", b"5"),
        ("a.HDR", b"6"),
        ("a.IMG", b"7"),
    )
    with unpacked_archive(path) as members:
        assert list(members.names) == [
            "member-000005.img",
            "member-000001.hdr",
            "member-000002.hdr",
            "member-000003",
            "member-000004.img",
            "member-000005.hdr",
            "member-000006.img",
        ]
        assert len(list(members.folder.iterdir())) == 7


def test_a_refusal_that_leaves_the_block_names_archive_and_member(tmp_path, temporary):
    path = pack(tmp_path / "a.zip", ("x/a.dcm", b"one"), ("evil\x1b[2J\u202e.dcm", b"two"))
    with pytest.raises(Refused) as caught, unpacked_archive(path) as members:
        first, second = sorted(members.folder.iterdir())
        raise Refused("CORRUPT", f"{first} sform", f"{second.name} and {second}", "1", "look")
    refusal = caught.value.refusal
    assert refusal.where == f"{path}: x/a.dcm sform"
    assert refusal.found == f"evil?[2J?.dcm and {path}: evil?[2J?.dcm"
    assert str(temporary) not in str(caught.value)
    with pytest.raises(Refused) as caught, unpacked_archive(path) as members:
        raise Refused("SEVERAL_SERIES", members.folder, "2", "1", "choose")
    assert caught.value.refusal.where == str(path)
    assert list(temporary.iterdir()) == []


def test_what_is_told_later_still_names_the_archive(tmp_path, temporary):
    with unpacked_archive(pack(tmp_path / "a.zip", ("x.dcm", b"one"))) as members:
        where = str(members.folder / "member-000000.dcm")
    told = members.told(Refusal("CORRUPT", where, "noise", "a picture", "copy it"))
    assert told.sentence.endswith(f"copy it ({tmp_path / 'a.zip'}: x.dcm)")
    assert members.text("member-000007 and member-000000") == "member-000007 and member-000000"


def with_directory_field(path, at, value):
    """The first line of the table of contents and the local header, both changed."""
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    for start in (entry + at, at - 2):
        content[start : start + 4] = struct.pack("<L", value)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("declared", [0, 1, 999, 1001, 5000])
def test_sizes_that_lie(tmp_path, temporary, declared):
    path = with_directory_field(pack(tmp_path / "a.zip", ("a", b"x" * 1000)), 24, declared)
    refusal = refusal_of(path)
    assert refusal.code == "BAD_ARCHIVE"
    assert refusal.where == f"{path}: a"
    assert list(temporary.iterdir()) == []


def test_a_size_that_lies_with_the_checksum_of_its_beginning(tmp_path, temporary):
    """zipfile alone reads this without a word: 10 bytes of 1000."""
    path = with_directory_field(pack(tmp_path / "a.zip", ("a", b"x" * 1000)), 24, 10)
    with_directory_field(path, 16, zipfile.crc32(b"x" * 10))
    with ZipFile(path) as archive:
        assert archive.read("a") == b"x" * 10
    assert refusal_of(path).code == "BAD_ARCHIVE"


def test_a_checksum_that_is_wrong(tmp_path, temporary):
    for method in (ZIP_STORED, ZIP_DEFLATED):
        path = with_directory_field(pack(tmp_path / "a.zip", ("a", b"x" * 1000), method=method), 16, 7)
        assert refusal_of(path).code == "BAD_ARCHIVE"


def test_a_bomb_is_refused_before_the_disk_feels_it(tmp_path, temporary):
    path = pack(tmp_path / "a.zip", ("zeros.dcm", bytes(100 << 20)))
    assert path.stat().st_size < 200_000
    assert refusal_of(path).code == "BOMB"


def test_places_before_the_beginning(tmp_path, temporary):
    """The end record says that the table lies farther back than it does: all places move by as much."""
    path = pack(tmp_path / "a.zip", ("a", b"x" * 1000))
    content = bytearray(path.read_bytes())
    end = content.index(b"PK\x05\x06")
    content[end + 16 : end + 20] = struct.pack("<L", content.index(b"PK\x01\x02") + 10)
    path.write_bytes(content)
    refusal = refusal_of(path)
    assert (refusal.code, refusal.where) == ("BAD_ARCHIVE", str(path))


def test_an_error_of_the_disk_is_no_fault_of_the_archive(tmp_path, temporary, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    path = pack(tmp_path / "a.zip", ("a", b"x"))
    monkeypatch.setattr(archive_module, "check_listing", fail)
    assert (refusal_of(path).code, refusal_of(path).found) == ("NO_ACCESS", "Input/output error")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.66, 0.95, 0.999])
def test_a_cut_archive(tmp_path, temporary, share):
    path = pack(tmp_path / "a.zip", *[(f"{n}.dcm", os.urandom(200)) for n in range(9)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert refusal_of(path).code == "BAD_ARCHIVE"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_bytes_are_refused_or_change_nothing_that_was_declared(tmp_path, temporary, flips):
    path = pack(tmp_path / "a.zip", ("x/a.dcm", b"one" * 40), ("x/b.dcm", bytes(range(256))), ("c", b""))
    content = bytearray(path.read_bytes())
    for at, value in flips:
        content[at % len(content)] = value
    path.write_bytes(content)
    refusal = None
    try:
        with unpacked_archive(path) as members:
            contents = {file.read_bytes() for file in members.folder.iterdir()}
            assert contents <= {b"one" * 40, bytes(range(256)), b""}
    except Refused as refused:
        refusal = refused.refusal
    assert refusal is None or refusal.code in ("BAD_ARCHIVE", "BOMB", "EMPTY")
    assert refusal is None or str(temporary) not in refusal.sentence
    assert list(temporary.iterdir()) == []


def test_a_disk_without_room(tmp_path, temporary, monkeypatch):
    path = pack(tmp_path / "a.zip", ("a", b"x" * 1000))
    full = type("Usage", (), {"free": 999})
    monkeypatch.setattr(archive_module.shutil, "disk_usage", lambda _: full)
    refusal = refusal_of(path)
    assert refusal.code == "TOO_LARGE"
    assert "TMPDIR" in refusal.next_step
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(
        archive_module.shutil, "copyfileobj", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    assert (refusal_of(path).code, refusal_of(path).found) == ("NO_ACCESS", "full")
    assert list(temporary.iterdir()) == []


def test_an_absent_archive_and_an_error_of_the_caller(tmp_path, temporary):
    assert refusal_of(tmp_path / "absent.zip").code == "NO_ACCESS"
    path = pack(tmp_path / "a.zip", ("a", b"x"))
    for error in (*BROKEN, OSError):  # these mean the archive only while it is unpacked
        with pytest.raises(error), unpacked_archive(path):
            raise error
    assert list(temporary.iterdir()) == []


def test_a_series_is_the_same_in_an_archive(series, tmp_path, temporary):
    path = tmp_path / "deep.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("DICOMDIR", b"x" * 200)
        archive.writestr("__MACOSX/one/._I1", b"\0\5\x16\7" + bytes(60))
        for number, file in enumerate(sorted(series.iterdir())):
            archive.write(file, f"one/two/three/I{number}")
    plain, unpacked = read_volume(series), read_volume(path)
    assert np.array_equal(plain.array, unpacked.array)
    assert np.array_equal(plain.affine, unpacked.affine)
    assert plain.source == unpacked.source
    assert list(temporary.iterdir()) == []


def test_an_archive_is_kept_until_the_block_ends(tmp_path, temporary):
    path = pack(tmp_path / "a.zip", ("x.dcm", b"one"))
    link = tmp_path / "link.zip"
    link.symlink_to(path)
    with pytest.raises(KeyError), archives_kept():
        with unpacked_archive(path) as first:
            assert stat.S_IMODE(first.folder.stat().st_mode) == 0o700
        with unpacked_archive(link) as again:
            assert (again.folder, again.archive) == (first.folder, link)
        pack(path, ("x.dcm", b"two"), ("y.dcm", b"three"))
        with unpacked_archive(path) as changed:
            assert len(list(changed.folder.iterdir())) == 2
        raise KeyError
    assert list(temporary.iterdir()) == []


def test_archives_used_long_ago_make_room_but_never_one_in_use(tmp_path, temporary, monkeypatch):
    monkeypatch.setattr(archive_module, "KEPT_BYTES", 5)
    paths = [pack(tmp_path / f"{number}.zip", ("x", b"%d00" % number)) for number in range(3)]
    with archives_kept():
        with unpacked_archive(paths[0]) as used:
            with unpacked_archive(paths[1]) as first:
                assert first.folder.exists()
            with unpacked_archive(paths[2]):
                assert used.folder.exists()
                assert not first.folder.exists()
        with unpacked_archive(paths[1]) as anew:
            assert not used.folder.exists()
            assert anew.folder.exists()
            assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_a_refusal_of_a_kept_archive_names_the_archive(tmp_path, temporary):
    path = pack(tmp_path / "a.zip", ("x/y.dcm", b"one"))
    with archives_kept():
        for _ in range(2):
            with pytest.raises(Refused) as caught, unpacked_archive(path) as members:
                raise Refused("EMPTY", members.folder / "member-000000.dcm", "f", "e", "n")
            assert caught.value.refusal.where == f"{path}: x/y.dcm"
