"""Archives that must be refused before a byte of them is written."""

import stat
import struct
import tempfile
import zipfile
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

import pytest

from medidense.io.archive import unpacked_archive
from medidense.io.archive_listing import shown
from medidense.io.guard import Limits
from medidense.values import Refused


@pytest.fixture(autouse=True)
def _nowhere_to_write(tmp_path, monkeypatch):
    """Whoever wants to write before the checks are done fails with another code."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))


def refusal_of(path, limits=None):
    with pytest.raises(Refused) as caught, unpacked_archive(path, limits or Limits()):
        pass
    return caught.value.refusal


def member(name, mode=0, system=3):
    info = ZipInfo("plain")
    info.orig_filename = info.filename = name  # ZipInfo's own constructor cleans names
    info.external_attr, info.create_system = mode << 16, system
    return info


def pack(path, *members, method=ZIP_DEFLATED):
    """A ZIP of (name or ZipInfo, content) pairs."""
    with ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


GOOD = ("good.txt", b"hello")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../../../evil.dcm", "leaves"),
        ("a/../../evil.dcm", "leaves"),
        ("..", "leaves"),
        ("..\\..\\evil.dcm", "leaves"),
        ("a\\..\\b", "leaves"),
        ("/tmp_evil/x.dcm", "absolute"),
        ("\\\\server\\share\\x.dcm", "absolute"),
        ("\\x.dcm", "absolute"),
        ("C:\\x.dcm", "absolute"),
        ("c:x.dcm", "absolute"),
        ("", "none"),
        ("./", ""),
        (".", "none"),
        ("a\0b.dcm", "none"),
        ("good.txt", "twice"),
        ("./good.txt", "twice"),
        (".\\good.txt", "twice"),
        ("good.txt/", "folder as well"),
        ("good.txt/a/b.dcm", "folder as well"),
        ("good.txt-and-more", ""),
        ("folder\\of\\windows\\a.dcm", ""),
        ("...", ""),
        ("C", ""),
    ],
)
def test_names(tmp_path, name, found):
    first = pack(tmp_path / "first.zip", GOOD, (member(name), b"" if name.endswith("/") else b"x"))
    last = pack(tmp_path / "last.zip", (member(name), b"" if name.endswith("/") else b"x"), GOOD)
    for path in (first, last):
        refusal = refusal_of(path)
        assert refusal.code == ("BAD_ARCHIVE" if found else "NO_ACCESS")  # NO_ACCESS: the checks were passed
        assert found in refusal.found
        assert refusal.where.startswith(str(path))


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        (stat.S_IFLNK | 0o777, "symbolic link"),
        (stat.S_IFCHR | 0o666, "device"),
        (stat.S_IFBLK | 0o666, "device"),
        (stat.S_IFIFO | 0o666, "device"),
        (stat.S_IFSOCK | 0o666, "device"),
        (stat.S_IFDIR | 0o755, "folder with content"),
        (stat.S_IFREG | 0o644, ""),
        (0o644, ""),
    ],
)
@pytest.mark.parametrize("system", [0, 3])
def test_links_and_devices_in_the_attributes(tmp_path, mode, found, system):
    path = pack(tmp_path / "a.zip", GOOD, (member("link.dcm", mode, system), b"/etc/hostname"))
    refusal = refusal_of(path)
    assert refusal.code == ("BAD_ARCHIVE" if found else "NO_ACCESS")
    assert found in refusal.found


def patched(path, old, new, count=-1):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, count))
    return path


@pytest.mark.parametrize("bit", [0x1, 0x40, 0x2001])
def test_encryption(tmp_path, bit):
    path = pack(tmp_path / "a.zip", ("a.dcm", b"hello"))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[6:8] = content[entry + 8 : entry + 10] = struct.pack("<H", bit)
    path.write_bytes(content)
    refusal = refusal_of(path)
    assert (refusal.code, refusal.found) == ("BAD_ARCHIVE", "an encrypted member")
    assert refusal.where == f"{path}: a.dcm"


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_methods_that_zipfile_unpacks_without_a_bound(tmp_path, method):
    refusal = refusal_of(pack(tmp_path / "a.zip", GOOD, method=method))
    assert refusal.code == "BAD_ARCHIVE"
    assert f"method {method}" in refusal.found


def test_an_archive_in_the_archive(tmp_path):
    inner = pack(tmp_path / "inner.zip", GOOD).read_bytes()
    for content in (inner, b"PK\x05\x06" + bytes(18), b"PK\x07\x08" + inner):
        for method in (ZIP_STORED, ZIP_DEFLATED):
            refusal = refusal_of(pack(tmp_path / "a.zip", GOOD, ("b.dcm", content), method=method))
            assert (refusal.code, refusal.found) == ("BAD_ARCHIVE", "an archive in the archive")


def test_an_archive_without_files_is_empty(tmp_path):
    assert refusal_of(pack(tmp_path / "a.zip")).code == "EMPTY"
    assert refusal_of(pack(tmp_path / "b.zip", ("folder/", b""))).code == "EMPTY"


def test_more_members_than_the_limit(tmp_path):
    path = pack(tmp_path / "a.zip", *[(f"{n}", b"") for n in range(4)])
    assert refusal_of(path, Limits(archive_files=4)).code == "NO_ACCESS"
    refusal = refusal_of(path, Limits(archive_files=3))
    assert (refusal.code, refusal.found) == ("BOMB", "4 members")


def with_table(path, entry, times):
    """One stored member, listed so many times."""
    pack(path, ("a", b"x"), method=ZIP_STORED)
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    line = content[start:end] if entry is None else entry
    closing = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(line) * times, start, 0)
    path.write_bytes(content[:start] + line * times + closing)
    return path


def test_a_table_of_contents_beyond_the_limits_is_never_parsed(tmp_path, monkeypatch):
    paths = (
        with_table(tmp_path / "many.zip", None, 60_000),
        with_table(tmp_path / "b.zip", bytes(1 << 20), 60),
    )
    made = []
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *_: made.append(1))
    many, long = (refusal_of(path) for path in paths)
    assert (many.code, many.found) == ("BOMB", "60000 members")
    assert long.code == "BOMB"
    assert "table of contents" in long.found
    assert made == []


def test_sizes_that_are_declared(tmp_path):
    path = pack(tmp_path / "a.zip", ("a", bytes(3000)), ("b", bytes(3000)))
    assert refusal_of(path, Limits(archive_bytes=6000)).code == "NO_ACCESS"
    assert refusal_of(path, Limits(archive_bytes=5999)).code == "BOMB"


def test_a_ratio_counts_once_64_mib_are_passed(tmp_path):
    path = pack(tmp_path / "a.zip", *[(f"{n}", bytes(1 << 20)) for n in range(64)])
    assert refusal_of(path).code == "NO_ACCESS"
    with ZipFile(path, "a", ZIP_DEFLATED) as archive:
        archive.writestr("one more", bytes(1))
    assert refusal_of(path).code == "BOMB"
    assert refusal_of(path, Limits(inflation_ratio=1100)).code == "NO_ACCESS"


def test_names_that_are_too_long_or_too_deep(tmp_path):
    assert refusal_of(pack(tmp_path / "a.zip", ("a/" * 32 + "b", b"x"))).code == "NO_ACCESS"
    assert refusal_of(pack(tmp_path / "a.zip", ("a/" * 33 + "b", b"x"))).code == "BOMB"
    assert refusal_of(pack(tmp_path / "a.zip", ("a" * 4096, b"x"))).code == "NO_ACCESS"
    long = refusal_of(pack(tmp_path / "a.zip", ("a" * 4097, b"x")))
    assert long.code == "BOMB"
    assert len(long.where) < 300 + len(str(tmp_path))


def test_members_that_share_bytes(tmp_path):
    """Two lines of the table for one member, and a member whose bytes hold another one."""
    path = pack(tmp_path / "a.zip", ("a", b"x" * 50), ("b", b"y" * 50), method=ZIP_STORED)
    content = bytearray(path.read_bytes())
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 4)
    offset = struct.unpack("<L", content[second + 42 : second + 46])[0]
    first = content.index(b"PK\x01\x02")
    content[second + 42 : second + 46] = bytes(4)
    path.write_bytes(content)
    assert "another member" in refusal_of(path).found
    content[second + 42 : second + 46] = struct.pack("<L", offset)
    content[first + 20 : first + 28] = struct.pack("<2L", 51, 51)  # one byte of the next header
    path.write_bytes(content)
    assert "another member" in refusal_of(path).found
    content[first + 20 : first + 28] = struct.pack("<2L", 50, 50)
    content[28:30] = struct.pack("<H", 1)  # an extra field of the local header alone, over the next one
    path.write_bytes(content)
    assert "another member" in refusal_of(path).found


def test_a_member_that_reaches_into_the_table_of_contents(tmp_path):
    path = pack(tmp_path / "a.zip", ("a", b"x" * 50), method=ZIP_STORED)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<2L", 51, 51)
    path.write_bytes(content)
    assert "table of contents" in refusal_of(path).found


def test_two_sizes_of_a_stored_member(tmp_path):
    path = pack(tmp_path / "a.zip", ("a", b"x" * 50), method=ZIP_STORED)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<L", 10)
    path.write_bytes(content)
    assert "two sizes" in refusal_of(path).found


def test_names_are_shown_without_what_steers_a_terminal():
    assert shown("a/b é.dcm") == "a/b é.dcm"
    assert shown("a\x1b[2J\n\u202ecod\x00") == "a?[2J??cod?"
    assert len(shown("x" * 70_000)) == 200
