import shutil

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from medidense.io import read_volume


def only(number, **values):
    """An edit of one slice."""

    def one(found, at):
        if at == number:
            for keyword, value in values.items():
                setattr(found, keyword, value)

    return one


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"PatientID": "another"}, "PATIENTS"),
        ({"FrameOfReferenceUID": "1.2.3"}, "CONFLICT"),
        ({"StudyInstanceUID": "1.2.3"}, "CONFLICT"),
        ({"Modality": "MR"}, "CONFLICT"),
        ({"Rows": 3}, "MIXED_SIZE"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "SEVERAL_SERIES"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]}, "MOSAIC"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "COLOUR"),
    ],
)
def test_one_slice_that_does_not_belong(series, edit, code_of, values, code):
    edit(series, only(1, **values))
    assert code_of(lambda: read_volume(series)) == code


def test_colour_is_refused(series, edit, code_of):
    def colour(found, _):
        found.SamplesPerPixel, found.PhotometricInterpretation, found.PlanarConfiguration = 3, "RGB", 0
        found.PixelData = found.PixelData * 3

    assert code_of(lambda: read_volume(edit(series, colour))) == "COLOUR"


def test_the_number_of_patients_is_told_but_not_their_names(series, edit, code_of):
    edit(series, only(1, PatientID="secret-17"))
    with pytest.raises(Exception, match="2 PatientIDs") as caught:
        read_volume(series)
    assert "secret-17" not in str(caught.value)


def test_an_exact_copy_is_dropped_with_a_warning(series, ct):
    first = sorted(series.iterdir())[0]
    shutil.copy(first, series / "copy of it")
    back = read_volume(series)
    assert back.shape == ct.shape
    assert back.warnings[0].startswith("DROPPED_DUPLICATE: 1 ")


def test_one_uid_for_two_images_is_a_conflict(series, code_of):
    first = sorted(series.iterdir())[0]
    found = dcmread(first)
    found.PixelData = bytes(len(found.PixelData))
    found.save_as(series / "twin")
    assert code_of(lambda: read_volume(series)) == "CONFLICT"
    found.SOPInstanceUID = generate_uid(entropy_srcs=["twin"])
    found.save_as(series / "twin")
    assert code_of(lambda: read_volume(series)) == "REPEATED_POSITION"


def test_equal_uids_on_equal_pixels_at_other_places_are_no_copies(series, edit, code_of):
    def same(found, _):
        found.SOPInstanceUID, found.PixelData = "1.2.3", bytes(len(found.PixelData))

    assert code_of(lambda: read_volume(edit(series, same))) == "CONFLICT"


def test_more_pixel_data_than_declared_is_read_with_a_warning(series, edit, ct):
    def longer(found, number):
        found.PixelData += b"\1\1" if number == 0 else b""

    back = read_volume(edit(series, longer))
    assert (back.array == ct.array).all()
    assert back.warnings == ("TRAILING_BYTES: 1 file with more pixel data than declared",)


@pytest.mark.parametrize(
    "values",
    [{"RescaleSlope": 10}, {"PhotometricInterpretation": "MONOCHROME1"}, {"BitsStored": 12, "HighBit": 11}],
)
def test_equal_bytes_of_another_meaning_are_no_copy(series, code_of, values):
    twin = dcmread(sorted(series.iterdir())[0])
    for keyword, value in values.items():
        setattr(twin, keyword, value)
    twin.save_as(series / "twin.dcm")
    assert code_of(lambda: read_volume(series)) == "CONFLICT"


def test_inverted_slices_among_others(series, edit, code_of):
    edit(series, only(1, PhotometricInterpretation="MONOCHROME1"))
    assert code_of(lambda: read_volume(series)) == "CONFLICT"


def test_a_broken_file_that_may_be_of_the_series_is_not_passed_over(series, code_of):
    lost = sorted(series.iterdir())[1]
    uid = dcmread(lost).SeriesInstanceUID
    lost.write_bytes(lost.read_bytes()[:150])
    assert code_of(lambda: read_volume(series, series_uid=str(uid))) == "TRUNCATED"
