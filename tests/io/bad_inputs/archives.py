"""ZIP archives: a good one, and those that want to write elsewhere, fill the memory, or are none."""

import io
import stat
import struct
import zipfile
from pathlib import Path

from tests.io.bad_inputs.truth import series
from tests.io.bad_inputs.zeros import crc_of_zeros, deflated_zeros

TEXT = b"these are no images\n" * 20
ESCAPES = ("../../../evil.dcm", "/tmp_evil/x.dcm", "..\\..\\..\\evil.dcm", "C:\\tmp_evil\\x.dcm")
"""Names that lead out of the folder an archive is unpacked into."""


def packed(folder: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    """An archive of these members, three folders down, so that a path upwards stays inside the test's own."""
    path = folder / "one" / "two" / "three" / "a.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def slices(folder: Path) -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    """The files of the good series as members three folders deep, and none of them left in `folder`."""
    where = series(folder)
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = []
    for path in sorted(where.iterdir()):
        members.append((f"patient/study/series/{path.name}", path.read_bytes()))
        path.unlink()
    where.rmdir()
    return members


def good(folder: Path) -> Path:
    return packed(folder, slices(folder))


def escaping(folder: Path, name: str) -> Path:
    """A good series and one more file under a name that leads elsewhere."""
    members = slices(folder)
    info = zipfile.ZipInfo(name)
    info.filename = name  # as given: ZipInfo turns the separators of the system round
    return packed(folder, [*members, (info, members[0][1])])


def link(folder: Path) -> Path:
    """A good series and a symbolic link to a file of the system."""
    info = zipfile.ZipInfo("patient/link.dcm")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return packed(folder, [*slices(folder), (info, b"/etc/passwd")])


def empty(folder: Path) -> Path:
    return packed(folder, [])


def only_text(folder: Path) -> Path:
    return packed(folder, [("notes.txt", TEXT)])


def bomb(folder: Path) -> Path:
    """200 kB that become 200 MB of zeros; by hand, because packing them would take seconds."""
    count, name, body = 200_000_000, b"a.dcm", deflated_zeros(200_000_000)
    check = crc_of_zeros(count)
    told = struct.pack("<5H3L2H", 20, 0, 8, 0, 33, check, len(body), count, len(name), 0)
    local = b"PK\x03\x04" + told + name + body
    central = b"PK\x01\x02\x14\x00" + told + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(central), len(local), 0)
    (folder / "a.zip").write_bytes(local + central + end)
    return folder / "a.zip"


def cut(folder: Path) -> Path:
    path = good(folder)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


def encrypted(folder: Path) -> Path:
    """Every member says that it is encrypted: bit 0 of its flags, in its own and the central header."""
    path = good(folder)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(bytes(content))
    return path


def in_an_archive(folder: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, content in slices(folder):
            archive.writestr(name, content)
    return packed(folder, [("inner.zip", inner.getvalue())])
