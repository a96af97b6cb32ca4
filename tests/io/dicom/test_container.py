import struct
import zlib

import pytest
from pydicom import dcmread

from medidense.io import read_volume
from medidense.io.dicom.container import data_set
from medidense.io.guard import Limits
from medidense.values import Refused

DEFLATED = b"1.2.840.10008.1.2.1.99"


@pytest.fixture
def deflated(series, tmp_path):
    """One slice with its data set deflated, packed here by hand."""
    content = sorted(series.iterdir())[0].read_bytes()
    end = 144 + struct.unpack("<I", content[140:144])[0]
    old, new = b"\x14\0001.2.840.10008.1.2.1\0", b"\x16\0" + DEFLATED
    head = content[:end].replace(old, new)
    head = head[:140] + struct.pack("<I", len(head) - 144) + head[144:]
    packer = zlib.compressobj(wbits=-15)
    path = tmp_path / "deflated.dcm"
    path.write_bytes(head + packer.compress(content[end:]) + packer.flush())
    assert dcmread(path).Rows == 4
    return path


def test_a_deflated_file_equals_its_plain_twin(deflated, series):
    plain, packed = read_volume(sorted(series.iterdir())[0]), read_volume(deflated)
    assert (plain.array == packed.array).all()
    assert (plain.affine == packed.affine).all()


def test_a_cut_deflated_file(deflated, code_of):
    deflated.write_bytes(deflated.read_bytes()[:-20])
    assert code_of(lambda: read_volume(deflated)) == "TRUNCATED"


def test_a_bomb_is_seen_while_it_is_unpacked(deflated):
    with pytest.raises(Refused, match="BOMB"), data_set(deflated, Limits(inflated_bytes=100)):
        pass


def test_a_ratio_bomb(deflated):
    content = deflated.read_bytes()
    end = 144 + struct.unpack("<I", content[140:144])[0]
    packer = zlib.compressobj(wbits=-15)
    deflated.write_bytes(content[:end] + packer.compress(bytes(68 << 20)) + packer.flush())
    with pytest.raises(Refused, match="BOMB"), data_set(deflated):
        pass
