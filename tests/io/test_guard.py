import io
import os
from pathlib import Path

import jpeg_ls
import numpy as np
import pytest
from PIL import Image

from medidense.io.guard import Limits, check_size, codestream_size, opened
from medidense.values import Refused


@pytest.mark.parametrize(
    ("shape", "bytes_each", "code"),
    [
        ((1024, 1024, 1024), 2, ""),
        ((1024, 1024, 1025), 2, "BOMB"),
        ((1024, 1024, 1024), 8, "TOO_LARGE"),
        ((65535, 65535, 65535, 9), 1, "BOMB"),
    ],
)
def test_sizes(code_of, shape, bytes_each, code):
    assert code_of(lambda: check_size(shape, bytes_each, Path("a"))) == code


def test_limits_are_options():
    with pytest.raises(Refused, match="expected at most 7"):
        check_size((2, 4), 1, Path("a"), Limits(voxels=7))


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG2000", {})]
)
def test_a_codestream_tells_rows_and_columns(kind, options):
    out = io.BytesIO()
    Image.fromarray(np.zeros((48, 80), np.uint8)).save(out, kind, **options)
    code = out.getvalue()
    start = code.find(b"\xff\x4f\xff\x51") if kind == "JPEG2000" else 0
    assert codestream_size(code[start:]) == (48, 80)


def test_a_jpeg_ls_codestream_tells_rows_and_columns():
    code = bytes(jpeg_ls.encode_array(np.zeros((48, 80), np.uint8)))
    assert codestream_size(code) == (48, 80)


def test_what_is_no_codestream_tells_nothing():
    for code in (
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x00\xff\xe0\x00\x00" * 9,
        b"\xff\x4f\xff\x51",
        b"noise" * 9,
    ):
        assert codestream_size(code) is None


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="NO_ACCESS"), opened(tmp_path / "pipe"):
        pass


def test_a_pipe_in_the_place_of_the_file_that_was_looked_at_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    facts = (tmp_path / "file").stat()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(Path, "stat", lambda _: facts)
    with pytest.raises(Refused, match="NO_ACCESS"), opened(tmp_path / "pipe"):
        pass


def test_devices_are_no_files_and_are_not_even_opened(monkeypatch):
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    for path in ("/dev/zero", "/dev/null"):
        with pytest.raises(Refused, match="NO_ACCESS"), opened(Path(path)):
            pass


def test_errors_of_the_system_are_refusals(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(Refused, match="NO_ACCESS"), opened(path):
            pass
