"""The words that are planted, and every form in which one could get out."""

import base64
import gzip
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STEM = "QXWZKVJY"
"""Stands in each planted word; what follows says where it was planted."""

DIGITS = "9073526418"
"""Stands in UIDs, which hold no letters."""

BORN = "19070803"
"""A date of birth."""

LARGE, EDGE = 4 << 20, 1 << 18
"""Bytes: files from which on, and how much of each end, is looked through in every form."""

DEEPEST = 4
"""Archives in archives that are looked into."""


@dataclass
class Canary:
    """Makes words and knows where each was planted; `spied` are whole values whose digests are looked for."""

    places: list[str] = field(default_factory=list)
    spied: set[tuple[bytes, str]] = field(default_factory=set)

    def word(self, place: str) -> str:
        """The word of a place, at most 11 letters, the same one each time."""
        if place not in self.places:
            self.places.append(place)
        number = self.places.index(place)
        return STEM + "".join(chr(ord("A") + number // 26**power % 26) for power in (2, 1, 0))

    def spy(self, value: str) -> str:
        """`value`, whose plain digests are looked for too: whoever has a list of patients can undo them."""
        self.spied |= {(form, value) for form in _digests(value)}
        return value

    def found(self, content: bytes) -> list[str]:
        """Every planted word in some bytes, as where it was planted and the form that it has."""
        lower = content.lower()
        hits = {form for form, needle in WHOLE.items() if needle in content}
        hits |= {form for form, needle in FOLDED.items() if needle in lower}
        letters = re.findall(rb"%s([a-z]{3})" % STEM.lower().encode(), lower) if "plain" in hits else []
        told = {f"plain: {self._place(code.decode().upper())}" for code in letters}
        digests = {f"digest of {value}" for form, value in self.spied if form in lower}
        return sorted((hits - {"plain"} if told else hits) | told | digests)

    def _place(self, code: str) -> str:
        """Where the word with these last letters was planted."""
        number = 0
        for letter in code:
            number = 26 * number + ord(letter) - ord("A")
        return self.places[number] if number < len(self.places) else f"word {code}"


def _digests(value: str) -> Iterator[bytes]:
    """The first 10 hex digits of the digests that anybody can make of a value."""
    for kind in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        yield kind(value.encode()).hexdigest()[:10].encode()


def _folded() -> dict[str, bytes]:
    """Form -> bytes to look for where case does not count."""
    found = {"plain": STEM, "digits": DIGITS, "birth date": BORN}
    found |= {"date with hyphens": f"{BORN[:4]}-{BORN[4:6]}-{BORN[6:]}"}
    needles = {form: text.lower().encode() for form, text in found.items()}
    for form, text in list(found.items()):
        for gap in (1, 3):
            needles[f"{form}, utf-{8 * (gap + 1)}"] = (b"\0" * gap).join(
                letter.encode() for letter in text.lower()
            )
    for case in {STEM, STEM.lower(), STEM.title(), DIGITS}:
        needles[f"hex of {case}"] = case.encode().hex().encode()
        needles[f"hex of utf-16 {case}"] = case.encode("utf-16-le").hex().encode()
        needles[f"percent of {case}"] = "".join(f"%{ord(letter):02x}" for letter in case).encode()
    return needles


def _whole() -> dict[str, bytes]:
    """Form -> bytes to look for where case counts: base64 in its three alignments."""
    found = {}
    for case in {STEM, STEM.lower(), STEM.title(), DIGITS}:
        for code, name in ((case.encode(), case), (case.encode("utf-16-le"), f"utf-16 {case}")):
            for shift in range(3):
                text = base64.b64encode(b"\0" * shift + code)
                left, right = -(-8 * shift // 6), (8 * (shift + len(code))) // 6
                found[f"base64 of {name}, {shift}"] = text[left:right]
    return found


FOLDED, WHOLE = _folded(), _whole()


def layers(content: bytes, where: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what is packed in them: gzip, ZIP, text of PNGs, data: addresses in HTML."""
    yield where, content
    if depth == DEEPEST:
        return
    for name, inner in _packed(content):
        yield from layers(inner, f"{where} > {name}" if where else name, depth + 1)


def _packed(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.startswith(b"\x1f\x8b"):
        yield "gzip", gzip.decompress(content)
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield member.filename, archive.read(member)
    elif content.startswith(b"\x89PNG"):
        yield from _png_texts(content)
    for number, found in enumerate(re.finditer(rb"data:[\w/+.-]+;base64,([A-Za-z0-9+/=\s]+)", content)):
        yield f"data {number}", base64.b64decode(found[1] + b"==")


def _png_texts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Packed texts of a PNG; plain ones are in its bytes."""
    place = 8
    while place + 8 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for begin in range(len(body)):
                if body[begin : begin + 1] == b"\x78":
                    try:
                        yield kind.decode(), zlib.decompress(body[begin:])
                    except zlib.error:
                        continue
        place += length + 12


def leaks(canary: Canary, folder: Path) -> dict[str, list[str]]:
    """File below `folder`, relative -> what is found in it; the name of a file or folder as ``name of ...``.

    Of a file of many megabytes, which holds numbers, both ends are looked through in every form, the rest for
    plain words.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if hits := canary.found(path.name.encode()):
            found[f"name of {name}"] = hits
        if path.is_symlink() or not path.is_file():
            continue
        hits = []
        for where, content in layers(path.read_bytes()):
            if len(content) > LARGE:
                plain = STEM.encode() in content or STEM.lower().encode() in content
                content = content[:EDGE] + (STEM.encode() if plain else b"") + content[-EDGE:]
            hits += [f"{where}: {hit}" if where else hit for hit in canary.found(content)]
        if hits:
            found[name] = hits
    return found
