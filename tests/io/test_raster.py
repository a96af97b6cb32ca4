import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from medidense.io import read_volume
from medidense.io.guard import Limits
from medidense.io.raster import read_picture
from medidense.values import Refused

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12


@pytest.fixture
def png(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_i_runs_right_and_j_down_and_spacing_is_unknown(png):
    volume = read_volume(png)
    assert volume.shape == (5, 4, 1)
    assert volume.array[4, 1, 0] == GREY[1, 4]
    assert not volume.spacing_known
    np.testing.assert_array_equal(volume.affine, np.diag([-1, -1, 1, 1]))
    assert volume.source.kind == "picture"
    assert volume.dims == 2


def test_sixteen_bits_are_not_clipped(tmp_path):
    array = (np.arange(20, dtype=np.uint16) * 3000).reshape(4, 5)
    Image.fromarray(array).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").array[:, :, 0].T, array)


def test_one_bit_pictures_hold_zero_and_one(tmp_path):
    Image.fromarray(GREY > 100).save(tmp_path / "a.png")
    volume = read_volume(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.array[:, :, 0].T, GREY > 100)
    assert volume.array.dtype == np.int16


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_equal_channels_are_grey(tmp_path, mode):
    Image.fromarray(GREY).convert(mode).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").array[:, :, 0].T, GREY)


def colour(path):
    Image.fromarray(np.dstack([GREY, GREY, GREY + 1])).save(path)


def transparent(path):
    Image.fromarray(np.dstack([GREY, GREY])).save(path)


def palette(path):
    picture = Image.fromarray(GREY % 2, "P") if False else Image.fromarray(GREY % 2).convert("P")
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.save(path)


def cmyk(path):
    Image.fromarray(np.dstack([GREY] * 4), mode="CMYK").save(path, format="JPEG")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("make", [colour, transparent, palette, cmyk])
def test_colour_and_transparency_are_refused(tmp_path, code_of, make):
    make(tmp_path / "a.png")
    assert code_of(lambda: read_volume(tmp_path / "a.png")) == "COLOUR"


def test_sixteen_bit_colour_is_refused_before_bits_are_lost(png, code_of):
    content = bytearray(png.read_bytes())
    content[24:26] = b"\x10\x02"
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    png.write_bytes(bytes(content))
    assert code_of(lambda: read_volume(png)) == "COLOUR"


def test_jpeg_close_to_the_truth_and_turned_as_the_camera_says(tmp_path):
    array = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1))
    picture = Image.fromarray(array)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", quality=95)
    picture.save(tmp_path / "b.jpg", quality=95, exif=exif)
    flat, turned = read_volume(tmp_path / "a.jpg"), read_volume(tmp_path / "b.jpg")
    assert np.abs(flat.array[:, :, 0].T - array).max() <= 4
    assert turned.shape == (48, 64, 1)
    np.testing.assert_array_equal(turned.array[:, :, 0].T, np.rot90(flat.array[:, :, 0].T, -1))


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_cut_pictures(tmp_path, code_of, kind):
    path = tmp_path / f"a.{kind}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    for size in (len(content) - 2, len(content) - 40, len(content) // 2):
        path.write_bytes(content[:size])
        assert code_of(lambda: read_volume(path)) == (
            "" if kind == "png" and size > len(content) - 5 else "TRUNCATED"
        )
    for size in range(10, 200, 9):
        path.write_bytes(content[:size])
        assert code_of(lambda: read_volume(path)) in {"TRUNCATED", "CORRUPT"}


def test_broken_chunks(png, code_of):
    content = png.read_bytes()
    for at in range(8, len(content), 3):
        png.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        assert code_of(lambda: read_volume(png)) in {
            "",
            "CORRUPT",
            "TRUNCATED",
            "COLOUR",
            "BOMB",
            "NOT_PICTURE",
        }


def test_sizes_are_compared_before_decoding(png):
    with pytest.raises(Refused, match="BOMB"):
        read_picture(png, Limits(picture_pixels=19))


def test_text_that_inflates_too_far(tmp_path, code_of):
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * (2 << 20), zip=True)
    Image.fromarray(GREY).save(tmp_path / "a.png", pnginfo=info)
    assert code_of(lambda: read_volume(tmp_path / "a.png")) == "BOMB"


def test_a_picture_of_another_kind_than_its_name(png, tmp_path):
    png.rename(tmp_path / "a.jpg")
    assert read_volume(tmp_path / "a.jpg").warnings[0].startswith("REPAIRED_VALUE")
