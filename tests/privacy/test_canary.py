"""Is every form of a planted word found?"""

import base64
import gzip
import hashlib
import io
import json
import urllib.parse
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.privacy.canary import BORN, DIGITS, Canary, leaks


@pytest.fixture
def canary() -> Canary:
    made = Canary()
    made.word("elsewhere")
    return made


def test_nothing_is_found_in_what_holds_nothing(canary: Canary) -> None:
    assert canary.found(b"S-0123456789 1.2.840.10008 1970-01-01" + bytes(1000)) == []


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title, json.dumps, urllib.parse.quote_plus])
def test_a_word_is_found_in_any_case_and_quoting(canary: Canary, change: object) -> None:
    word = canary.word("here")
    assert canary.found(change(f"ü {word}!").encode()) == ["plain: here"]  # type: ignore[operator]


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_a_word_is_found_in_base64(canary: Canary, shift: int, case: object) -> None:
    text = "x" * shift + case(canary.word("here")) + "tail"  # type: ignore[operator]
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        (found,) = {hit.split(" of ")[0] for hit in canary.found(code(text.encode()))}
        assert found == "base64"


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_word_is_found_in_wide_letters(canary: Canary, code: str) -> None:
    word = canary.word("here")
    assert canary.found(f"a{word}".encode(code))
    assert canary.found(word.encode(code).hex().encode()) or code != "utf-16-le"


def test_a_word_is_found_as_hex_and_percent(canary: Canary) -> None:
    word = canary.word("here")
    assert canary.found(word.encode().hex().upper().encode())
    assert canary.found("".join(f"%{ord(letter):02X}" for letter in word.lower()).encode())


def test_digits_dates_and_plain_digests_are_found(canary: Canary) -> None:
    assert canary.found(f"1.2.3.{DIGITS}.4".encode()) == ["digits"]
    assert canary.found(f"{BORN[:4]}-{BORN[4:6]}-{BORN[6:]}".encode()) == ["date with hyphens"]
    canary.spy("P-17")
    for kind in ("md5", "sha1", "sha256"):
        assert canary.found(hashlib.new(kind, b"P-17").hexdigest()[:12].encode()) == ["digest of P-17"]


def test_what_is_packed_is_looked_into(canary: Canary, tmp_path: Path) -> None:
    word = canary.word("here").encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(word))
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("c", gzip.compress(b"--" + word))
    texts, stream = PngInfo(), io.BytesIO()
    texts.add_text("Comment", word.decode() * 9, zip=True)
    Image.new("L", (2, 2)).save(stream, "PNG", pnginfo=texts)
    picture = base64.b64encode(stream.getvalue()).decode()
    (tmp_path / "d.html").write_text(f'<img src="data:image/png;base64,{picture}">')
    (tmp_path / canary.word("there")).mkdir()
    found = leaks(canary, tmp_path)
    assert set(found) == {"a.gz", "b.npz", "d.html", f"name of {canary.word('there')}"}
    assert found["d.html"] == ["data 0 > zTXt: plain: here"]
