import zlib

import numpy as np
import pytest
from PIL import Image

from medidense.io import find_inputs, raster, read_volume
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


def test_colour_is_read_as_three_channels(tmp_path):
    array = np.dstack([GREY, GREY, GREY + 1])
    Image.fromarray(array).save(tmp_path / "a.png")
    volume = read_volume(tmp_path / "a.png")
    assert (volume.shape, volume.channels, volume.array.dtype) == ((5, 4, 1), 3, np.uint8)
    np.testing.assert_array_equal(volume.array[:, :, 0].swapaxes(0, 1), array)


def test_a_palette_becomes_colour(tmp_path):
    picture = Image.fromarray(GREY % 24 // 12, "L").convert("P")
    picture.putpalette([255, 0, 9, 0, 255, 8])
    picture.save(tmp_path / "a.png")
    expected = np.where((GREY % 24 // 12)[..., None] == 0, [255, 0, 9], [0, 255, 8])
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").array[:, :, 0].swapaxes(0, 1), expected)


def test_cmyk_becomes_colour(tmp_path):
    """Row 89. Full ink in one plate is the pure colour; a JPEG of flat patches is near it."""
    array = np.zeros((16, 64, 4), np.uint8)
    for plate in range(4):
        array[:, 16 * plate : 16 * plate + 16, plate] = 255
    Image.fromarray(array, mode="CMYK").save(tmp_path / "a.jpg", quality=95, subsampling=0)
    colours = read_volume(tmp_path / "a.jpg").array[8::16, 8, 0]
    expected = [[0, 255, 255], [255, 0, 255], [255, 255, 0], [0, 0, 0]]
    assert np.abs(colours.astype(int) - expected).max() <= 12


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "RGB key", "L key", "I;16 key", "L4 key"])
def test_what_is_transparent_lies_over_black(tmp_path, mode):
    """Row 89."""
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 256, (4, 5)).astype(np.uint8)
    if mode in ("LA", "RGBA"):
        pixels = rng.integers(0, 256, (4, 5, len(mode) - 1)).astype(np.uint8)
        Image.fromarray(np.dstack([pixels, alpha]), mode=mode).save(tmp_path / "a.png")
        expected = np.floor(pixels * (alpha[..., None] / 255) + 0.5)
    elif mode == "P":
        picture = Image.fromarray(GREY // 12 % 3, "L").convert("P")
        picture.putpalette([200, 0, 10, 0, 100, 20, 8, 8, 250])
        picture.save(tmp_path / "a.png", transparency=bytes([255, 0, 128]))
        expected = np.array([[200, 0, 10], [0, 0, 0], [4, 4, 125]])[GREY // 12 % 3]
    elif mode == "RGB key":
        pixels = np.dstack([GREY, GREY + 1, GREY])
        Image.fromarray(pixels).save(tmp_path / "a.png", transparency=(24, 25, 24))
        expected = np.where(pixels[..., :1] == 24, 0, pixels)
    elif mode == "L4 key":
        expected = write_four_bits(tmp_path / "a.png", key=7)[..., None]
    else:
        pixels = GREY if mode == "L key" else GREY.astype(np.uint16) * 200
        Image.fromarray(pixels).save(tmp_path / "a.png", transparency=int(pixels[1, 2]))
        expected = np.where(pixels == pixels[1, 2], 0, pixels)[..., None]
        assert (expected == 0).sum() == 2
    volume = read_volume(tmp_path / "a.png")
    assert volume.channels == expected.shape[-1]
    np.testing.assert_array_equal(volume.array.reshape(5, 4, -1).swapaxes(0, 1), expected)


def write_four_bits(path, key):
    """A PNG of 4 bits with the values 0 to 15, one of them transparent; what it should look like."""
    import struct

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    values = np.arange(20).reshape(4, 5) % 16
    padded = np.pad(values, ((0, 0), (0, 1)))
    rows = (padded[:, ::2] << 4 | padded[:, 1::2]).astype(np.uint8)
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">2I5B", 5, 4, 4, 0, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">H", key))
        + chunk(b"IDAT", zlib.compress(body))
        + chunk(b"IEND", b"")
    )
    return np.where(values == key, 0, values * 17)


def test_large_pictures_are_converted_in_bands(tmp_path, monkeypatch):
    monkeypatch.setattr(raster, "BAND", 10)
    array = np.dstack([GREY, GREY, GREY])
    Image.fromarray(array).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").array[:, :, 0].T, GREY)
    array[3, 4, 2] += 1  # one pixel in the last band makes it colour
    Image.fromarray(array).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.png").array[:, :, 0].swapaxes(0, 1), array)


@pytest.mark.parametrize("colours", [1, 3])
def test_the_result_lies_in_the_memory_that_was_given(png, tmp_path, colours):
    if colours == 3:
        Image.fromarray(np.dstack([GREY, GREY, GREY + 1])).save(png)
    asked = []

    def allocate(shape, kind):
        asked.append(np.zeros(shape, kind, order="F"))
        return asked[-1]

    assert read_picture(png, allocate=allocate).array is asked[0]
    assert len(asked) == 1


def test_sixteen_bit_colour_is_refused_before_bits_are_lost(png, code_of):
    content = bytearray(png.read_bytes())
    content[24:26] = b"\x10\x02"
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    png.write_bytes(bytes(content))
    assert code_of(lambda: read_volume(png)) == "COLOUR"


TURNED = {
    1: lambda row, column, rows, columns: (row, column),
    2: lambda row, column, rows, columns: (row, columns - 1 - column),
    3: lambda row, column, rows, columns: (rows - 1 - row, columns - 1 - column),
    4: lambda row, column, rows, columns: (rows - 1 - row, column),
    5: lambda row, column, rows, columns: (column, row),
    6: lambda row, column, rows, columns: (column, rows - 1 - row),
    7: lambda row, column, rows, columns: (columns - 1 - column, rows - 1 - row),
    8: lambda row, column, rows, columns: (columns - 1 - column, row),
}
"""Where the pixel stored at (row, column) is to be seen (Exif 2.3, Orientation; TIFF 6.0, tag 274)."""


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
@pytest.mark.parametrize("mark", TURNED)
@pytest.mark.parametrize("deep", [False, True])
def test_pictures_are_turned_as_the_camera_says(tmp_path, kind, mark, deep):
    """Row 88."""
    rows, columns = 48, 64
    array = np.add.outer(np.arange(rows) * 2, np.arange(columns)).astype(np.uint8)
    stored = array.astype(np.uint16) * 100 if deep and kind != "jpg" else array
    exif = Image.Exif()
    exif[0x0112] = mark
    options = {"quality": 95} if kind == "jpg" else {}
    Image.fromarray(stored).save(tmp_path / f"a.{kind}", exif=exif, **options)
    seen = read_volume(tmp_path / f"a.{kind}").array[:, :, 0].T
    assert seen.shape == ((rows, columns) if mark < 5 else (columns, rows))
    for place in ((0, 0), (0, 63), (47, 0), (20, 30)):
        near = 3 if kind == "jpg" else 0
        assert abs(int(seen[TURNED[mark](*place, rows, columns)]) - int(stored[place])) <= near


def test_the_first_of_a_cameras_pictures_is_the_picture(tmp_path):
    first, second = Image.fromarray(GREY), Image.fromarray(GREY[::-1])
    first.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second], quality=95)
    volume = read_volume(tmp_path / "a.jpg")
    assert np.abs(volume.array[:, :, 0].T - GREY.astype(int)).max() <= 6
    assert volume.warnings[0].startswith("TRAILING_BYTES")


def test_an_animation_is_refused(tmp_path, code_of):
    Image.fromarray(GREY).save(tmp_path / "a.png", save_all=True, append_images=[Image.fromarray(GREY[::-1])])
    assert code_of(lambda: read_volume(tmp_path / "a.png")) == "DIMENSIONS"


@pytest.mark.parametrize("name", ["a.gif", "a.png", "b"])
def test_other_kinds_are_no_pictures(tmp_path, code_of, name):
    """Row 93; without a name that claims a picture, it is merely no image."""
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    frames[0].save(tmp_path / name, format="GIF", save_all=True, append_images=frames[1:])
    assert code_of(lambda: read_picture(tmp_path / name)) == "NOT_PICTURE"
    assert code_of(lambda: read_volume(tmp_path / name)) == ("NOT_DICOM" if name == "b" else "NOT_PICTURE")


def test_a_drawing_is_no_picture_and_none_that_is_missed_in_a_folder(tmp_path, code_of):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "page.png").write_text("<!DOCTYPE html><html></html>")
    assert code_of(lambda: read_volume(tmp_path / "a.svg")) == "NOT_PICTURE"
    assert code_of(lambda: read_volume(tmp_path / "page.png")) == "NOT_PICTURE"
    inputs = find_inputs([tmp_path])
    assert inputs.skipped == (str(tmp_path / "a.svg"),)
    assert [no.refusal.code for no in inputs.refusals] == ["NOT_PICTURE"]


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
        read_picture(png, limits=Limits(picture_pixels=19))


def test_sixty_thousand_pixels_squared_are_a_bomb(tmp_path, code_of):
    """Row 85: one colour, so that the file is small."""
    import struct

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">2I5B", 60000, 60000, 1, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(7501 * 60))) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + body)
    assert code_of(lambda: read_volume(tmp_path / "a.png")) == "BOMB"


def test_files_larger_than_any_picture_are_not_taken_in(png):
    with pytest.raises(Refused, match="TOO_LARGE"):
        read_picture(png, limits=Limits(picture_pixels=3, element_bytes=10))


@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_text_that_inflates_too_far(png, code_of, kind):
    """Row 94, with an eighth of a gigabyte."""
    packer = zlib.compressobj(1)
    packed = b"".join([*(packer.compress(bytes(1 << 24)) for _ in range(8)), packer.flush()])
    body = b"comment\0\0" + packed if kind == "zTXt" else b"comment\0\1\0\0\0" + packed
    name = kind.encode()
    chunk = len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    content = png.read_bytes()
    png.write_bytes(content[:33] + chunk + content[33:])
    assert code_of(lambda: read_volume(png)) == "BOMB"


def test_a_picture_of_another_kind_than_its_name(png, tmp_path):
    png.rename(tmp_path / "a.jpg")
    assert read_volume(tmp_path / "a.jpg").warnings[0].startswith("REPAIRED_VALUE")
