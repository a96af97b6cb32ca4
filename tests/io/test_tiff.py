"""TIFF files of every layout that is read, and those that are refused before anything is decoded."""

import struct

import numpy as np
import pytest
from PIL import Image

from medidense.io import read_volume
from medidense.io.guard import Limits
from medidense.io.raster import is_picture, read_picture
from medidense.values import Refused

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12
TYPES = {np.uint16: 3, np.uint32: 4, np.uint64: 16}


def build(path, array, order="<", big=False, rows=2, **changes):
    """Write an uncompressed TIFF in strips of `rows` rows, by hand; `changes` are tags to set or drop.

    Returns where the entry of each tag lies, and, under "next", the link to the next page.
    """
    height, width, *samples = array.shape
    kind = array.dtype
    strips = [
        array[top : top + rows].astype(kind.newbyteorder(order)).tobytes() for top in range(0, height, rows)
    ]
    head = 16 if big else 8
    places = [head + sum(map(len, strips[:index])) for index in range(len(strips))]
    count = samples[0] if samples else 1
    signs = {"u": 1, "i": 2, "f": 3}[kind.kind]
    tags = {
        256: [width],
        257: [height],
        258: [kind.itemsize * 8] * count,
        259: [1],
        262: [2 if count > 2 else 1],
    }
    tags |= {
        273: places,
        277: [count],
        278: [rows],
        279: [len(strip) for strip in strips],
        339: [signs] * count,
    }
    tags |= {int(tag[1:]): value for tag, value in changes.items()}
    tags = {tag: value for tag, value in sorted(tags.items()) if value is not None}
    word, entries = ("Q", "Q") if big else ("I", "H")
    size = struct.calcsize(word)
    body = b"".join(strips)
    page = head + len(body)
    at, behind = page + struct.calcsize(entries), b""
    far = at + len(tags) * (12 if not big else 20) + size
    directory, where = struct.pack(f"{order}{entries}", len(tags)), {}
    for tag, values in tags.items():
        where[tag] = page + len(directory)
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(packed) > size:
            packed, behind = struct.pack(f"{order}{word}", far + len(behind)), behind + packed
        directory += struct.pack(f"{order}HH{word}", tag, 4, len(values)) + packed.ljust(size, b"\0")
    where["next"] = page + len(directory)
    directory += bytes(size)
    magic = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}H", 43 if big else 42)
    magic += struct.pack(f"{order}HHQ", 8, 0, page) if big else struct.pack(f"{order}I", page)
    path.write_bytes(magic + body + directory + behind)
    return where | {"page": page}


def put(path, at, form, *values):
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, at, *values)
    path.write_bytes(bytes(content))


def seen(path):
    """The picture as one sees it: rows, columns, channels."""
    return np.squeeze(read_volume(path).array, 2).swapaxes(0, 1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("rows", [1, 3, 4])
def test_grey_of_8_and_16_bits_in_either_byte_order(tmp_path, kind, order, rows):
    array = GREY.astype(kind) * (200 if kind == np.uint16 else 1)
    build(tmp_path / "a.tif", array, order, rows=rows)
    np.testing.assert_array_equal(seen(tmp_path / "a.tif"), array)
    assert read_volume(tmp_path / "a.tif").array.dtype == (np.int32 if kind == np.uint16 else np.int16)


@pytest.mark.parametrize("order", ["<", ">"])
def test_colour_and_equal_channels(tmp_path, order):
    array = np.dstack([GREY, GREY + 1, GREY])
    build(tmp_path / "a.tiff", array, order)
    np.testing.assert_array_equal(seen(tmp_path / "a.tiff"), array)
    build(tmp_path / "a.tiff", np.dstack([GREY] * 3), order)
    np.testing.assert_array_equal(seen(tmp_path / "a.tiff"), GREY)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_values_that_run_from_white_are_turned_round(tmp_path, kind):
    """PhotometricInterpretation 0; Pillow turns 8 bits, not 16."""
    array = GREY.astype(kind) * (200 if kind == np.uint16 else 1)
    build(tmp_path / "a.tif", array, t262=[0])
    np.testing.assert_array_equal(seen(tmp_path / "a.tif"), np.iinfo(kind).max - array)


def test_bigtiff(tmp_path):
    build(tmp_path / "a.tif", GREY, big=True)
    np.testing.assert_array_equal(seen(tmp_path / "a.tif"), GREY)
    build(tmp_path / "a.tif", GREY, ">", big=True)
    with pytest.raises(Refused, match=r"BAD_TYPE.*big-endian BigTIFF"):
        read_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", None])
@pytest.mark.parametrize("mode", ["L", "RGB", "I;16", "1"])
def test_what_pillow_packs_is_unpacked(tmp_path, packing, mode):
    if packing == "jpeg" and mode in ("I;16", "1"):
        pytest.skip("JPEG has no such pixels")
    big = np.kron(GREY, np.ones((16, 16), np.uint8))
    array = {
        "L": big,
        "RGB": np.dstack([big, big // 2, 255 - big]),
        "I;16": big.astype(np.uint16) * 200,
        "1": big > 99,
    }
    Image.fromarray(array[mode]).save(tmp_path / "a.tif", compression=packing)
    off = np.abs(seen(tmp_path / "a.tif").astype(int) - array[mode])
    assert off[8::16, 8::16].max() <= (6 if packing == "jpeg" else 0)
    assert read_volume(tmp_path / "a.tif").warnings == ()


def test_tiff_is_known_by_content(tmp_path):
    build(tmp_path / "scan", GREY)
    assert is_picture((tmp_path / "scan").read_bytes()[:132])
    np.testing.assert_array_equal(seen(tmp_path / "scan"), GREY)
    (tmp_path / "scan").rename(tmp_path / "a.png")
    assert read_volume(tmp_path / "a.png").warnings[0].startswith("REPAIRED_VALUE: the picture is TIFF")


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        (np.float32, {}, "BAD_TYPE"),
        (np.float64, {}, "BAD_TYPE"),
        (np.int8, {}, "BAD_TYPE"),
        (np.int16, {}, "BAD_TYPE"),
        (np.uint32, {}, "BAD_TYPE"),
        (np.uint8, {"t339": [4]}, "BAD_TYPE"),
        (np.uint8, {"t262": [9]}, "BAD_TYPE"),
        (np.uint8, {"t256": [0]}, "CORRUPT"),
        (np.uint8, {"t256": None}, "CORRUPT"),
        (np.uint8, {"t277": [0]}, "CORRUPT"),
        (np.uint8, {"t256": [60000], "t257": [60000]}, "BOMB"),
        (np.uint8, {"t322": [60000], "t323": [60000], "t324": [8]}, "BOMB"),
        (np.uint8, {"t257": [6]}, "TRUNCATED"),
        (np.uint8, {"t257": [6], "t278": [6], "t273": [8], "t279": [20]}, "TRUNCATED"),
        (np.uint8, {"t273": None}, "TRUNCATED"),
        (np.uint8, {"t278": [1]}, "TRUNCATED"),
        (np.uint8, {"t279": [10, 9]}, "TRUNCATED"),
        (np.uint8, {"t279": [10, 1000]}, "TRUNCATED"),
        (np.uint8, {"t273": [8, 4000]}, "TRUNCATED"),
    ],
)
def test_declarations_that_are_refused(tmp_path, code_of, kind, changes, code):
    build(tmp_path / "a.tif", GREY.astype(kind), **changes)
    assert code_of(lambda: read_volume(tmp_path / "a.tif")) == code


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_sixteen_bit_colour_is_refused_before_bits_are_lost(tmp_path, code_of, samples):
    build(tmp_path / "a.tif", np.dstack([GREY.astype(np.uint16)] * samples))
    assert code_of(lambda: read_volume(tmp_path / "a.tif")) == "COLOUR"


def test_several_pages_are_refused(tmp_path):
    """Row 91."""
    pages = [Image.fromarray(GREY + page) for page in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(Refused, match=r"DIMENSIONS.*3 pages"):
        read_volume(tmp_path / "a.tif")
    with pytest.raises(Refused, match="BOMB"):
        read_picture(tmp_path / "a.tif", limits=Limits(tiff_pages=2))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("back_to", ["itself", "the first of two"])
def test_pages_in_a_ring_are_refused(tmp_path, code_of, big, back_to):
    """Row 92."""
    where = build(tmp_path / "a.tif", GREY, big=big)
    word, page = "<Q" if big else "<I", where["page"]
    if back_to == "itself":
        put(tmp_path / "a.tif", where["next"], word, page)
    else:
        content = (tmp_path / "a.tif").read_bytes()
        directory = content[page : where["next"]]
        (tmp_path / "a.tif").write_bytes(content + directory + struct.pack(word, page))
        put(tmp_path / "a.tif", where["next"], word, len(content))
    assert code_of(lambda: read_volume(tmp_path / "a.tif")) == "CORRUPT"


@pytest.mark.parametrize("packing", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_cut_files(tmp_path, code_of, packing):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.tif", compression=packing, strip_size=4000)
    content = (tmp_path / "a.tif").read_bytes()
    for size in (4, 7, 9, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "b.tif").write_bytes(content[:size])
        assert code_of(lambda: read_volume(tmp_path / "b.tif")) in {"TRUNCATED", "CORRUPT"}


@pytest.mark.parametrize("tag", [256, 258, 273, 279])
def test_tags_that_point_out_of_the_file(tmp_path, code_of, tag):
    where = build(tmp_path / "a.tif", GREY)
    put(tmp_path / "a.tif", where[tag] + 4, "<2I", 1 << 30, 8)
    assert code_of(lambda: read_volume(tmp_path / "a.tif")) == "TRUNCATED"


@pytest.mark.parametrize("packing", [None, "tiff_lzw", "jpeg"])
def test_flipped_bytes_end_in_a_picture_or_a_refusal(tmp_path, code_of, packing):
    Image.fromarray(np.kron(GREY, np.ones((8, 8), np.uint8))).save(tmp_path / "a.tif", compression=packing)
    content = (tmp_path / "a.tif").read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(150):
        mutant = bytearray(content)
        for _ in range(int(rng.integers(1, 4))):
            mutant[int(rng.integers(4, len(mutant)))] = int(rng.integers(0, 256))
        (tmp_path / "b.tif").write_bytes(bytes(mutant))
        code_of(lambda: read_volume(tmp_path / "b.tif"))
