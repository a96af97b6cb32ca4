"""Does a segment land on exactly the voxels that it was drawn on?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.pixels.utils import pack_bits
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from medidense.io import read_volume, write_series
from medidense.io.dicom import read_segment
from medidense.io.grids import Grid
from medidense.values import Refused, Source, Volume


@pytest.fixture
def lesion():
    """Six voxels on the lower two of three slices, no two axes alike."""
    mask = np.zeros((5, 4, 3), dtype=bool)
    mask[1:4, 2, 0] = mask[3, 0:2, 1] = mask[4, 3, 1] = True
    return mask


@pytest.fixture
def image(series):
    return read_volume(series)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless]
)
def test_each_kind_in_each_syntax(tmp_path, series, image, lesion, write_seg, kind, syntax):
    if (kind, syntax) == ("BINARY", RLELossless):
        pytest.skip("RLE has no bit-packed frames")
    mask = lesion.astype(np.float32) if kind == "FRACTIONAL" else lesion
    target = tmp_path / "seg.dcm"

    def deflate(found):
        if syntax == DeflatedExplicitVRLittleEndian:
            found.file_meta.TransferSyntaxUID = syntax

    made = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    write_seg(target, series, image, {"a": mask}, kind=kind, syntax=made, change=deflate)
    assert dcmread(target).file_meta.TransferSyntaxUID == syntax
    assert dcmread(target).NumberOfFrames == 2  # highdicom leaves empty slices out
    found = read_segment(target, Grid.of(image))
    assert (found.dtype, found.shape) == (np.bool_, image.shape)
    np.testing.assert_array_equal(found, lesion)


def in_words(path, target, kind):
    """The same object in explicit big endian: written by pydicom, its pixel data by hand (PS3.5, 7.3)."""
    found = dcmread(path)
    found = Dataset(found)
    found.file_meta = dcmread(path).file_meta
    content = found.PixelData + b"\0" * (len(found.PixelData) % 2)
    if kind == "OW":
        content = np.frombuffer(content, "<u2").astype(">u2").tobytes()
    found.add_new("PixelData", kind, content)
    found.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dcmwrite(target, found, implicit_vr=False, little_endian=False, enforce_file_format=True)
    return target


@pytest.mark.parametrize("stored", ["OB", "OW"])
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_a_big_endian_segmentation_is_its_little_endian_twin(
    tmp_path, series, image, lesion, write_seg, kind, stored
):
    mask = lesion.astype(np.float32) if kind == "FRACTIONAL" else lesion
    little = write_seg(tmp_path / "little.dcm", series, image, {"a": mask}, kind=kind)
    big = in_words(little, tmp_path / "big.dcm", stored)
    assert dcmread(big).file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    np.testing.assert_array_equal(read_segment(big, Grid.of(image)), lesion)


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_a_cut_big_endian_segmentation(tmp_path, series, image, lesion, write_seg, code_of, keep):
    little = write_seg(tmp_path / "little.dcm", series, image, {"a": lesion})
    big = in_words(little, tmp_path / "big.dcm", "OW")
    content = big.read_bytes()
    big.write_bytes(content[: int(keep * len(content))])
    assert code_of(lambda: read_segment(big, Grid.of(image))) in ("TRUNCATED", "CORRUPT")


def test_half_of_the_largest_share_is_lesion(tmp_path, series, image, write_seg):
    shares = (np.arange(60, dtype=np.float32) / 59).reshape(image.shape)
    path = write_seg(tmp_path / "seg.dcm", series, image, {"a": shares}, kind="FRACTIONAL")
    stored = dcmread(path)
    assert stored.MaximumFractionalValue == 255
    np.testing.assert_array_equal(read_segment(path, Grid.of(image)), shares >= 0.5)

    def reach_127(found):
        found.MaximumFractionalValue, found.PixelData = 254, bytes([126, 127] + [0] * 58)

    path = write_seg(tmp_path / "b.dcm", series, image, {"a": shares}, kind="FRACTIONAL", change=reach_127)
    assert np.argwhere(read_segment(path, Grid.of(image)))[:, :2].tolist() == [[1, 0]]


def shuffle(found: Dataset) -> None:
    """The frames in another order."""
    frames = found.pixel_array
    order = np.random.default_rng(3).permutation(len(frames))
    items = found.PerFrameFunctionalGroupsSequence
    found.PerFrameFunctionalGroupsSequence = [items[at] for at in order]
    found.PixelData = pack_bits(frames[order])


def share_planes(found: Dataset) -> None:
    """What is shared in each frame of its own, and wrong in the shared group."""
    shared = found.SharedFunctionalGroupsSequence[0]
    for item in found.PerFrameFunctionalGroupsSequence:
        item.PixelMeasuresSequence = shared.PixelMeasuresSequence
        item.PlaneOrientationSequence = shared.PlaneOrientationSequence
    wrong = Dataset()
    wrong.PixelSpacing = [9, 9]
    shared.PixelMeasuresSequence = [wrong]
    del shared.PlaneOrientationSequence


@pytest.mark.parametrize("change", [shuffle, share_planes])
def test_two_segments_and_frames_in_any_order(tmp_path, series, image, lesion, write_seg, change):
    other = ~lesion
    other[:, :, 2] = False
    path = write_seg(tmp_path / "s.dcm", series, image, {"nodule": lesion, "rest": other}, change=change)
    for named, mask in (("nodule", lesion), ("1", lesion), ("rest", other), ("2", other)):
        np.testing.assert_array_equal(read_segment(path, Grid.of(image), named), mask)
    with pytest.raises(Refused) as caught:
        read_segment(path, Grid.of(image))
    no = caught.value.refusal
    assert (no.code, no.found, no.expected) == ("CONFLICT", "segments 1 'nodule', 2 'rest'", "one lesion")
    assert "`segment`" in no.next_step
    with pytest.raises(Refused) as caught:
        read_segment(path, Grid.of(image), "3")
    assert (caught.value.refusal.code, caught.value.refusal.expected) == ("CONFLICT", "a segment '3'")


def test_segments_of_a_label_map(tmp_path, series, image, lesion, write_seg):
    masks = {"a": lesion, "b": np.roll(lesion, 1, axis=2) & ~lesion}
    path = write_seg(tmp_path / "s.dcm", series, image, masks, kind="LABELMAP")
    assert [item.SegmentNumber for item in dcmread(path).SegmentSequence] == [0, 1, 2]  # 0: the background
    for named, mask in masks.items():
        np.testing.assert_array_equal(read_segment(path, Grid.of(image), named), mask)

    def say_it_by_code(found):
        del found.PixelPaddingValue

    path = write_seg(tmp_path / "t.dcm", series, image, {"a": lesion}, kind="LABELMAP", change=say_it_by_code)
    np.testing.assert_array_equal(read_segment(path, Grid.of(image)), lesion)


def turned(volume, mask, order, backwards):
    """The same voxels with axes in another order and direction."""
    mask, affine = mask.transpose(order), volume.affine[:, [*order, 3]].copy()
    for axis in range(3):
        if backwards[axis]:
            mask = np.flip(mask, axis)
            affine[:3, 3] += affine[:3, axis] * (mask.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Volume(mask.astype(np.uint8), affine, volume.source), mask


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations([0, 1, 2]),
    backwards=st.tuples(*[st.booleans()] * 3),
    angles=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    spacing=st.tuples(*[st.floats(0.4, 4)] * 3),
    seed=st.integers(0, 99),
)
def test_frames_along_any_axis_of_any_image(
    tmp_path_factory, write_seg, order, backwards, angles, spacing, seed
):
    folder = tmp_path_factory.mktemp("turned")
    (c, d), (s, t) = np.cos(angles), np.sin(angles)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, d, -t], [0, t, d]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ np.diag([-1, -1, 1]) * spacing, [120.5, -33.25, 900]
    random = np.random.default_rng(seed)
    values = random.integers(0, 900, (5, 4, 3)).astype(np.int16)
    write_series(Volume(values, affine, Source("dicom", "CT")), folder / "ct", patient="p", seed=1)
    image = read_volume(folder / "ct")
    mask = random.random(image.shape) < 0.3
    mask[0, 0, 0] = True
    twin, same = turned(image, mask, order, backwards)
    path = write_seg(folder / "s.dcm", folder / "ct", twin, {"a": same})
    np.testing.assert_array_equal(read_segment(path, Grid.of(image)), mask)


def moved(volume, by=(0, 0, 0), scale=(1, 1, 1)):
    affine = volume.affine @ np.diag([*scale, 1.0])
    affine[:3, 3] += by
    return Volume(volume.array, affine, volume.source)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": (0.12, 0, 0)}, ""),  # a quarter of 0.5 mm may be off
        ({"by": (0.13, 0, 0)}, "GRID"),
        ({"by": (0, 0, 0.12)}, ""),
        ({"by": (0, 0, 0.13)}, "GRID"),
        ({"by": (0, 0, 4)}, "GRID"),  # a slice further on, the last one beside the image
        ({"by": (0.5, 0, 0)}, "GRID"),
        ({"scale": (1.1, 1, 1)}, "GRID"),
        ({"scale": (1, 0.5, 1)}, "GRID"),
        ({"scale": (1, 1, 0.5)}, "GRID"),
    ],
)
def test_frames_that_are_no_slices_of_the_image(
    tmp_path, series, image, lesion, write_seg, code_of, change, code
):
    path = write_seg(tmp_path / "s.dcm", series, moved(image, **change), {"a": lesion})
    assert code_of(lambda: read_segment(path, Grid.of(image))) == code


def test_every_second_slice_is_enough(tmp_path, series, image, write_seg):
    coarse = moved(image, scale=(1, 1, 2))
    mask = np.ones((5, 4, 2), dtype=bool)
    path = write_seg(tmp_path / "s.dcm", series, coarse, {"a": mask})
    found = read_segment(path, Grid.of(image))
    assert found[:, :, [0, 2]].all()
    assert not found[:, :, 1].any()


def test_a_turned_plane_and_a_smaller_frame(tmp_path, series, image, lesion, write_seg, code_of):
    affine = image.affine.copy()
    spacing = np.array(image.spacing_mm)
    affine[:3, :3] = affine[:3, :3] / spacing @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]) * spacing
    skew = Volume(image.array, affine, image.source)
    part = {"a": np.ones((4, 4, 3), dtype=bool)}
    refused = [
        write_seg(tmp_path / "a.dcm", series, skew, {"a": lesion}),
        write_seg(tmp_path / "b.dcm", series, image, part),
    ]
    for path in refused:
        assert code_of(lambda path=path: read_segment(path, Grid.of(image))) == "GRID"


def test_another_frame_of_reference(tmp_path, series, image, lesion, write_seg, code_of):
    assert image.source.frame_uid == dcmread(next(series.iterdir())).FrameOfReferenceUID

    def other(found):
        found.FrameOfReferenceUID = "1.2.3"

    path = write_seg(tmp_path / "s.dcm", series, image, {"a": lesion}, change=other)
    assert code_of(lambda: read_segment(path, Grid.of(image))) == "GRID"
    unknown = Grid(image.shape, image.affine)
    np.testing.assert_array_equal(read_segment(path, unknown), lesion)


def edited(*names, **attributes):
    """A change that deletes and sets elements of the data set."""

    def change(found):
        for name in names:
            delattr(found, name)
        for name, value in attributes.items():
            setattr(found, name, value)

    return change


def first_frame(sequence, keyword, value):
    """A change of one number in the first frame's own group."""

    def change(found):
        share_planes(found)
        item = found.PerFrameFunctionalGroupsSequence[0]
        setattr(item[sequence][0], keyword, value)

    return change


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("BINARY", edited("SegmentSequence"), "CORRUPT"),
        ("BINARY", edited(SegmentSequence=[]), "NO_MASK"),
        ("BINARY", edited("PerFrameFunctionalGroupsSequence"), "CORRUPT"),
        ("BINARY", edited("SharedFunctionalGroupsSequence"), "NO_GEOMETRY"),
        ("BINARY", edited("SegmentationType"), "BAD_TYPE"),
        ("BINARY", edited("PixelData"), "CORRUPT"),
        ("BINARY", edited("Rows"), "CORRUPT"),
        ("BINARY", edited(NumberOfFrames=3), "CONFLICT"),
        ("BINARY", edited(PixelData=b"\0\0"), "TRUNCATED"),
        ("BINARY", edited(BitsAllocated=32), "BAD_TYPE"),
        ("FRACTIONAL", edited("MaximumFractionalValue"), "CORRUPT"),
        ("FRACTIONAL", edited(MaximumFractionalValue=0), "CORRUPT"),
        ("BINARY", first_frame("PlanePositionSequence", "ImagePositionPatient", [0, 0]), "NO_GEOMETRY"),
        ("BINARY", first_frame("PixelMeasuresSequence", "PixelSpacing", None), "NO_GEOMETRY"),
        ("BINARY", first_frame("PixelMeasuresSequence", "PixelSpacing", [0, 0]), "GRID"),
        ("BINARY", first_frame("PixelMeasuresSequence", "PixelSpacing", [1e300, 1e300]), "GRID"),
        ("BINARY", first_frame("SegmentIdentificationSequence", "ReferencedSegmentNumber", None), "CORRUPT"),
        ("BINARY", first_frame("SegmentIdentificationSequence", "ReferencedSegmentNumber", 1), ""),
    ],
)
def test_an_object_that_does_not_hold(
    tmp_path, series, image, lesion, write_seg, code_of, kind, change, code
):
    mask = lesion.astype(np.float32) if kind == "FRACTIONAL" else lesion

    def both(found):
        for item in found.PerFrameFunctionalGroupsSequence:  # highdicom shares it where there is one segment
            if "SegmentIdentificationSequence" not in item:
                whose = Dataset()
                whose.ReferencedSegmentNumber = 1
                item.SegmentIdentificationSequence = [whose]
        change(found)

    path = write_seg(tmp_path / "s.dcm", series, image, {"a": mask}, kind=kind, change=both)
    assert code_of(lambda: read_segment(path, Grid.of(image))) == code


def test_a_slice_given_twice(tmp_path, series, image, lesion, write_seg, code_of):
    def twice(found):
        items = found.PerFrameFunctionalGroupsSequence
        items[1].PlanePositionSequence = items[0].PlanePositionSequence

    path = write_seg(tmp_path / "s.dcm", series, image, {"a": lesion}, change=twice)
    assert code_of(lambda: read_segment(path, Grid.of(image))) == "REPEATED_POSITION"


def test_a_file_cut_anywhere_is_refused(tmp_path, series, image, lesion, write_seg, code_of):
    path = write_seg(tmp_path / "s.dcm", series, image, {"a": lesion}, syntax=JPEGLSLossless, kind="LABELMAP")
    whole = path.read_bytes()
    for at in range(140, len(whole) - 8, 97):
        path.write_bytes(whole[:at])
        assert code_of(lambda: read_segment(path, Grid.of(image))) in (
            "TRUNCATED",
            "CORRUPT",
            "NO_TS",
            "CONFLICT",
        )


def test_bytes_changed_anywhere_give_a_mask_or_a_refusal(tmp_path, series, image, lesion, write_seg, code_of):
    path = write_seg(tmp_path / "s.dcm", series, image, {"a": lesion})
    whole, random = path.read_bytes(), np.random.default_rng(5)
    for _ in range(150):
        broken = bytearray(whole)
        for at in random.integers(132, len(whole), 4):
            broken[at] = random.integers(256)
        path.write_bytes(broken)
        code_of(lambda: read_segment(path, Grid.of(image)))
