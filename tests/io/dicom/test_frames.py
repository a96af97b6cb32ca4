import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from medidense.io import read_volume
from medidense.values import ReadOptions, Refused
from tests.io.dicom.conftest import item


def test_an_enhanced_file_is_the_series_it_was_made_of(series, slices, enhance, ct):
    back = read_volume(enhance(slices(series)))
    np.testing.assert_array_equal(back.array, ct.array)
    np.testing.assert_allclose(back.affine, ct.affine, atol=1e-9)


def test_frames_may_come_in_any_order(series, slices, enhance, ct):
    low, middle, high = slices(series)
    np.testing.assert_array_equal(read_volume(enhance([high, low, middle])).array, ct.array)


def test_every_frame_has_its_own_rescale(series, slices, enhance, ct):
    images = slices(series)
    for number, image in enumerate(images):
        image.RescaleSlope, image.RescaleIntercept = 0.5 + number, number
    back = read_volume(enhance(images))
    stored = ct.array.astype(np.float64) + 1024
    expected = np.stack([stored[:, :, k] * (0.5 + k) + k for k in range(3)], axis=2)
    np.testing.assert_array_equal(back.array, expected.astype(np.float32))


def test_a_frame_overrules_the_shared_group(series, slices, enhance):
    def other_spacing(frame, number):
        frame.PixelMeasuresSequence = item(PixelSpacing=[1.5, 2.5], SliceThickness=2)

    back = read_volume(enhance(slices(series), other_spacing))
    np.testing.assert_allclose(back.spacing_mm, [2.5, 1.5, 2.0], atol=1e-6)


def test_compressed_frames(series, slices, enhance, ct):
    path = enhance(slices(series))
    found = dcmread(path)
    found.compress(RLELossless, generate_instance_uid=False)
    found.save_as(path)
    np.testing.assert_array_equal(read_volume(path).array, ct.array)


def test_two_quantities_at_the_same_places_are_never_one_volume(series, slices, enhance, ct):
    def kind(frame, number):
        words = ["ORIGINAL", "PRIMARY", "M" if number < 3 else "B0", "NONE"]
        frame.MRImageFrameTypeSequence = item(FrameType=words)

    path = enhance(slices(series) * 2, kind)
    with pytest.raises(Refused, match="differ in ImageType") as caught:
        read_volume(path)
    assert caught.value.refusal.code == "REPEATED_POSITION"
    chosen = read_volume(path, options=ReadOptions(pick={"ImageType": "ORIGINAL\\PRIMARY\\B0\\NONE"}))
    np.testing.assert_array_equal(chosen.array, ct.array)


def test_files_of_one_time_each(series, slices, enhance, ct):
    for time in (1, 2):
        enhance(
            slices(series),
            lambda frame, _, time=time: setattr(
                frame, "FrameContentSequence", item(TemporalPositionIndex=time)
            ),
            f"time{time}.dcm",
        )
    folder = series.parent / "whole"
    with pytest.raises(Refused, match="TemporalPositionIdentifier"):
        read_volume(folder)
    one = read_volume(folder, options=ReadOptions(pick={"TemporalPositionIdentifier": "2"}))
    np.testing.assert_array_equal(one.array, ct.array)


def test_frames_without_any_geometry(series, slices, code_of):
    found = slices(series)[0]
    found.NumberOfFrames, found.PixelData = 2, found.PixelData * 2
    del found.ImagePositionPatient
    path = series.parent / "cine.dcm"
    found.save_as(path)
    assert code_of(lambda: read_volume(path)) == "NO_GEOMETRY"


def test_more_frames_declared_than_there_are(series, slices, enhance, code_of):
    path = enhance(slices(series))
    found = dcmread(path)
    found.NumberOfFrames = 4
    found.save_as(path)
    assert code_of(lambda: read_volume(path)) == "TRUNCATED"
