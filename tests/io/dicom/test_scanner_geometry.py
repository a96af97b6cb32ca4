"""How patients lie, how slices are cut and spaced: what a reader must take from positions alone."""

import copy

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence as Items

from medidense.io import read_volume
from medidense.io.dicom import gather, groups_of, laid_out, scan_file, stack_of
from medidense.io.dicom.pixels import read_pixels
from medidense.values import ReadOptions, Refused
from tests.io.dicom.scanners import COLUMNS, ROWS, SPACING, STEP, image, item, place, several, write

COSINE, SINE = float(np.cos(0.3)), float(np.sin(0.3))
ORIENTATIONS = {
    "head first supine": (1, 0, 0, 0, 1, 0),
    "head first prone": (-1, 0, 0, 0, -1, 0),
    "feet first supine, stored from the feet": (-1, 0, 0, 0, 1, 0),
    "decubitus right": (0, 1, 0, -1, 0, 0),
    "decubitus left": (0, -1, 0, 1, 0, 0),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "coronal": (1, 0, 0, 0, 0, -1),
    "oblique": (COSINE, SINE, 0, -SINE * COSINE, COSINE * COSINE, SINE),
}


def stack_in(folder, **options):
    (frames,) = gather(scan_file(path) for path in sorted(folder.iterdir())).series.values()
    return stack_of(frames, folder, ReadOptions(**options))


def numbers(stack):
    return [int(number) for number in np.asarray(read_pixels(stack))[0, 0, :]]


def code_in(folder, **options):
    try:
        stack_in(folder, **options)
    except Refused as refused:
        return refused.refusal.code
    return ""


def listed(folder):
    (frames,) = gather(scan_file(path) for path in sorted(folder.iterdir())).series.values()
    groups, warnings = groups_of(frames, folder)
    found = {}
    for group in groups:
        try:
            found[group.words] = numbers(laid_out(group, warnings, folder, ReadOptions()))
        except Refused as refused:
            found[group.words] = refused.refusal.code
    return found


def at(*heights):
    return [image(number, z) for number, z in enumerate(heights)]


@pytest.mark.parametrize("position", ["HFS", "FFDR", "", None])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_axes_come_from_cosines_alone(tmp_path, name, position):
    """PatientPosition, SliceLocation and InstanceNumber, whatever they say, change nothing."""
    row, column = np.array(ORIENTATIONS[name][:3], dtype=float), np.array(ORIENTATIONS[name][3:], dtype=float)
    images = [image(k, STEP * k, ORIENTATIONS[name]) for k in range(4)]
    for k, one in enumerate(images):
        one.SliceLocation, one.InstanceNumber = -5 * k, 9 - k
        if position is not None:
            one.PatientPosition = position
    stack = stack_in(write(tmp_path / "a", images))
    lps = np.column_stack([row * SPACING[1], column * SPACING[0], np.cross(row, column) * STEP])
    np.testing.assert_allclose(stack.affine[:3, :3], np.diag([-1, -1, 1]) @ lps, atol=1e-6)
    assert numbers(stack) == [0, 1, 2, 3]
    assert np.linalg.det(stack.affine[:3, :3]) > 0


@pytest.mark.parametrize("degrees", [-20, -3, 3, 20])
def test_a_gantry_tilted_to_either_side(tmp_path, degrees):
    """A table that moves along z under a tilted gantry: each slice is shifted within its plane."""
    angle = np.deg2rad(degrees)
    images = [image(k, 0.0, (1, 0, 0, 0, np.cos(angle), np.sin(angle))) for k in range(5)]
    for k, one in enumerate(images):
        one.ImagePositionPatient = [0, 0, 5.0 * k]
    folder = write(tmp_path / "a", images)
    assert code_in(folder) == "TILTED"
    stack = stack_in(folder, allow_tilt=True)
    step = np.linalg.norm(stack.affine[:3, 2])
    assert step == pytest.approx(5 * np.cos(angle))
    assert any(warning.startswith("RESAMPLED") for warning in stack.warnings)


SPACINGS = {
    "even": ((0, 2, 4, 6), ""),
    "stored downwards": ((6, 4, 2, 0), ""),
    "rounded": ((0, 1.995, 4.005, 6), ""),
    "one missing": ((0, 2, 6, 8), "MISSING_SLICE"),
    "three missing": ((0, 2, 10, 12, 14), "MISSING_SLICE"),
    "thick and thin": ((0, 2, 4, 5.2, 6.4, 7.6), "UNEVEN"),
    "growing": ((0, 2, 4.5, 7.5), "UNEVEN"),
    "two": ((0, 2), ""),
}


@pytest.mark.parametrize("name", SPACINGS)
def test_steps(tmp_path, name):
    heights, code = SPACINGS[name]
    folder = write(tmp_path / "a", at(*heights))
    assert code_in(folder) == code
    if not code:
        assert numbers(stack_in(folder)) == np.argsort(heights).tolist()


@pytest.mark.parametrize("thickness", [5.0, 0.5, 0, None])
def test_the_step_is_no_thickness(tmp_path, thickness):
    """Reconstructions overlap, leave gaps, or state no thickness."""
    images = at(0, 2, 4)
    for one in images:
        if thickness is None:
            del one.SliceThickness
        else:
            one.SliceThickness = thickness
    stack = stack_in(write(tmp_path / "a", images))
    assert np.linalg.norm(stack.affine[:3, 2]) == pytest.approx(2.0)
    assert stack.warnings == ()
    single = stack_in(write(tmp_path / "b", images[:1]))
    assert np.linalg.norm(single.affine[:3, 2]) == pytest.approx(thickness or 1.0)
    assert bool(single.warnings) == (not thickness)


def test_a_copy_under_its_own_uid_and_one_that_differs(tmp_path):
    images = at(0, 2, 4)
    folder = write(tmp_path / "a", [*images, copy.deepcopy(images[1])])
    assert stack_in(folder).warnings == ("DROPPED_DUPLICATE: 1 exact copies were passed over",)
    images[1].PixelData = bytes(len(images[1].PixelData))
    images[1].save_as(folder / "other", enforce_file_format=True)
    assert code_in(folder) == "CONFLICT"


def test_a_scout_of_three_planes(tmp_path):
    images = []
    for number, name in enumerate(("head first supine", "sagittal", "coronal")):
        one = image(number, 0.0, ORIENTATIONS[name])
        one.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        images.append(one)
    folder = write(tmp_path / "a", images)
    assert sorted(listed(folder)) == ["Orientation=axial", "Orientation=coronal", "Orientation=sagittal"]
    assert set(listed(folder).values()) == {"LOCALIZER"}
    assert code_in(folder) == "SEVERAL_SERIES"


def test_three_planes_that_are_no_scout(tmp_path):
    images = [
        image(10 * number + k, STEP * k, ORIENTATIONS[name])
        for number, name in enumerate(("head first supine", "sagittal", "coronal"))
        for k in range(2)
    ]
    found = listed(write(tmp_path / "a", images))
    assert found == {
        "Orientation=axial": [0, 1],
        "Orientation=sagittal": [10, 11],
        "Orientation=coronal": [20, 21],
    }


def test_a_projection_radiograph_has_no_place(tmp_path):
    """ImagerPixelSpacing is measured at the detector (PS3.3, 10.7.1.3), never in the patient."""
    one = image(0, 0.0)
    one.Modality, one.ImagerPixelSpacing = "DX", [0.2, 0.2]
    del one.PixelSpacing
    folder = write(tmp_path / "a", [one])
    assert code_in(folder) == "NO_GEOMETRY"
    del one.ImagePositionPatient, one.ImageOrientationPatient
    assert code_in(write(tmp_path / "b", [one])) == "NO_GEOMETRY"


def test_each_slice_of_a_pet_has_its_own_slope(tmp_path):
    images = at(0, 2, 4)
    slopes, intercepts = (0.25, 3.5, 1.0), (0.0, -2.0, 100.0)
    stored = np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS)
    for one, slope, intercept in zip(images, slopes, intercepts, strict=True):
        one.Modality, one.RescaleSlope, one.RescaleIntercept = "PT", slope, intercept
        one.PixelData = stored.tobytes()
    volume = read_volume(write(tmp_path / "a", images))
    assert volume.array.dtype == np.float32
    for k, (slope, intercept) in enumerate(zip(slopes, intercepts, strict=True)):
        np.testing.assert_array_equal(volume.array[:, :, k], stored.T * slope + intercept)


def enhanced(folder, images, content):
    """An enhanced MR object; `content(k, kind)` are the values of a frame's content group."""
    whole = copy.deepcopy(images[0])
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(whole, keyword)
    whole.NumberOfFrames, whole.PixelData = len(images), b"".join(one.PixelData for one in images)
    frames = []
    for number, one in enumerate(images):
        frame = Dataset()
        frame.PlanePositionSequence = item(ImagePositionPatient=one.ImagePositionPatient)
        frame.PlaneOrientationSequence = item(ImageOrientationPatient=one.ImageOrientationPatient)
        frame.PixelMeasuresSequence = item(PixelSpacing=SPACING, SliceThickness=STEP)
        content(frame, number)
        frames.append(frame)
    whole.PerFrameFunctionalGroupsSequence = Items(frames)
    return write(folder, [whole])


def test_enhanced_stacks_and_times(tmp_path):
    """Two stacks of the same places, two times each; the frames come in no order."""

    def content(frame, number):
        stack, time, k = number // 6, number // 3 % 2, number % 3
        frame.FrameContentSequence = item(
            StackID=str(stack + 1), InStackPositionNumber=k + 1, TemporalPositionIndex=time + 1
        )

    images = several(lambda *_: None, kinds=4)
    found = listed(enhanced(tmp_path / "a", images, content))
    assert found == {
        "TemporalPositionIdentifier=1 StackID=1": [0, 1, 2],
        "TemporalPositionIdentifier=2 StackID=1": [3, 4, 5],
        "TemporalPositionIdentifier=1 StackID=2": [6, 7, 8],
        "TemporalPositionIdentifier=2 StackID=2": [9, 10, 11],
    }


def test_enhanced_stacks_of_other_orientations(tmp_path):
    images = several(lambda *_: None)
    for k, one in enumerate(images[3:]):
        place(one, STEP * k, ORIENTATIONS["sagittal"])
    found = listed(enhanced(tmp_path / "a", images, lambda *_: None))
    assert found == {"Orientation=axial": [0, 1, 2], "Orientation=sagittal": [3, 4, 5]}


ENHANCED = {
    "b-value and direction": (
        lambda frame, kind: setattr(
            frame,
            "MRDiffusionSequence",
            item(
                DiffusionBValue=800.0,
                DiffusionGradientDirectionSequence=item(
                    DiffusionGradientOrientation=[1.0 * kind, 1.0 - kind, 0]
                ),
            ),
        ),
        "DiffusionGradientOrientation=0\\1\\0",
    ),
    "complex component": (
        lambda frame, kind: setattr(
            frame, "MRImageFrameTypeSequence", item(ComplexImageComponent=("MAGNITUDE", "PHASE")[kind])
        ),
        "ComplexImageComponent=MAGNITUDE",
    ),
    "kernel": (
        lambda frame, kind: setattr(
            frame, "CTReconstructionSequence", item(ConvolutionKernel=("SOFT", "LUNG")[kind])
        ),
        "ConvolutionKernel=SOFT",
    ),
    "energy": (
        lambda frame, kind: setattr(frame, "CTXRayDetailsSequence", item(KVP=(80, 140)[kind])),
        "KVP=80.0",
    ),
    "order of the frames": (lambda frame, kind: None, "Phase=1"),
}


@pytest.mark.parametrize("name", ENHANCED)
def test_enhanced_kinds(tmp_path, name):
    state, words = ENHANCED[name]
    folder = enhanced(tmp_path / "a", several(lambda *_: None), lambda frame, n: state(frame, n // 3))
    found = listed(folder)
    assert found[words] == [0, 1, 2]
    assert sorted(found.values()) == [[0, 1, 2], [3, 4, 5]]


def test_enhanced_slices_that_still_call_themselves_a_mosaic(tmp_path):
    """Siemens XA unfolds mosaics into frames and leaves the word in ImageType."""

    def mosaic(images):
        for one in images:
            one.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
        return images

    assert numbers(stack_in(enhanced(tmp_path / "a", mosaic(at(0, 2, 4)), lambda *_: None))) == [0, 1, 2]
    assert code_in(enhanced(tmp_path / "b", mosaic(at(0, 0)), lambda *_: None)) == "MOSAIC"
    assert code_in(write(tmp_path / "c", mosaic(at(0, 2)))) == "MOSAIC"


def tiled(side, spacing, **values):
    one = image(0, 0.0)
    one.Rows, one.Columns, one.PixelSpacing = side, side, [spacing, spacing]
    one.AcquisitionMatrix = [0, 64, 64, 0]
    one.PixelData = bytes(2 * side * side)
    for keyword, value in values.items():
        setattr(one, keyword, value)
    return one


def with_tiles(one, tag, kind, value, creator):
    one.add_new((tag >> 16 << 16) | 0x10, "LO", creator)
    one.add_new(tag, kind, value)
    return one


PICTURES = {
    "interpolated four times": (tiled(256, 0.9), ""),
    "echo planar, interpolated": (tiled(256, 0.9, ScanningSequence="EP", Manufacturer="SIEMENS"), ""),
    "a field of view no magnet has": (tiled(384, 3.25), "MOSAIC"),
    "a large field of view": (tiled(256, 1.95), ""),
    "number of tiles, Siemens": (
        with_tiles(tiled(128, 1.5), 0x0019100A, "US", 4, "SIEMENS MR HEADER"),
        "MOSAIC",
    ),
    "one tile, Siemens": (with_tiles(tiled(128, 1.5), 0x0019100A, "US", 1, "SIEMENS MR HEADER"), ""),
    "the same element of another maker": (
        with_tiles(tiled(128, 1.5), 0x0019100A, "US", 4, "GEMS_ACQU_01"),
        "",
    ),
    "number of tiles, United Imaging": (
        with_tiles(tiled(128, 1.5), 0x00651050, "DS", "4", "Image Private Header"),
        "MOSAIC",
    ),
    "United Imaging without it": (tiled(384, 0.5, Manufacturer="UIH"), "MOSAIC"),
    "United Imaging, interpolated twice": (tiled(128, 0.5, Manufacturer="UIH"), ""),
}


@pytest.mark.parametrize("name", PICTURES)
def test_which_pictures_are_tiled(tmp_path, name):
    one, code = PICTURES[name]
    assert code_in(write(tmp_path / "a", [one])) == code
