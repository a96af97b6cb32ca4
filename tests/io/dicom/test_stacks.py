import copy

import numpy as np
import pytest
from pydicom.uid import generate_uid

from medidense.errors import UsageError
from medidense.io import read_volume
from medidense.io.dicom import gather, groups_of, scan_file
from medidense.values import ReadOptions, Refused


@pytest.fixture
def doubled(series, slices):
    """A second image at every position of the series, changed by `change(data set, number)`."""

    def double(change, times=1):
        images = slices(series)
        for time in range(1, times + 1):
            for number, image in enumerate(images):
                twin = copy.deepcopy(image)
                twin.SOPInstanceUID = generate_uid(entropy_srcs=[str(time), str(number)])
                twin.file_meta.MediaStorageSOPInstanceUID = twin.SOPInstanceUID
                change(twin, number, time)
                twin.save_as(series / f"twin{time}-{number}.dcm")
        return series

    return double


def groups(folder):
    (frames,) = gather(scan_file(path) for path in sorted(folder.iterdir())).series.values()
    return groups_of(frames, folder)[0]


def raised(folder, **pick):
    with pytest.raises(Refused) as caught:
        read_volume(folder, options=ReadOptions(pick=pick))
    return caught.value.refusal


def mark(keyword, *values):
    return lambda found, number, time: setattr(found, keyword, values[time - 1])


def test_two_echoes_are_two_stacks(doubled, edit, series, ct):
    edit(series, lambda found, _: setattr(found, "EchoTime", 4.6))
    folder = doubled(mark("EchoTime", 9.2))
    assert [group.words for group in groups(folder)] == ["EchoTime=4.6", "EchoTime=9.2"]
    refusal = raised(folder)
    assert refusal.code == "REPEATED_POSITION"
    assert "EchoTime=4.6" in refusal.found
    assert "--pick EchoTime=4.6" in refusal.next_step
    picked = read_volume(folder, options=ReadOptions(pick={"EchoTime": "9.20"}))
    np.testing.assert_array_equal(picked.array, ct.array)


def test_a_time_of_its_own_for_every_image_splits_nothing(doubled):
    folder = doubled(lambda found, number, time: setattr(found, "ContentTime", f"1200{number}{time}"))
    assert len(groups(folder)) == 1
    assert raised(folder).code == "REPEATED_POSITION"


def test_two_marks_are_needed_where_one_does_not_suffice(doubled, edit, series):
    def change(found, number, time):
        found.EchoTime, found.TemporalPositionIdentifier = ((1, 2), (2, 1), (2, 2))[time - 1]

    edit(
        series,
        lambda found, _: (setattr(found, "EchoTime", 1), setattr(found, "TemporalPositionIdentifier", 1)),
    )
    folder = doubled(change, times=3)
    words = {group.words for group in groups(folder)}
    assert len(words) == 4
    assert "EchoTime=2.0 TemporalPositionIdentifier=1" in words
    assert raised(folder, EchoTime="2").code == "REPEATED_POSITION"
    assert read_volume(
        folder, options=ReadOptions(pick={"EchoTime": "2", "TemporalPositionIdentifier": "1"})
    ).shape == (5, 4, 3)


def test_a_scout_under_the_same_uid_stays_apart(doubled, ct):
    def scout(found, number, time):
        found.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        found.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    folder = doubled(scout)
    assert raised(folder).code == "SEVERAL_SERIES"
    chosen = read_volume(folder, options=ReadOptions(pick={"ImageType": "DERIVED\\PRIMARY\\AXIAL"}))
    np.testing.assert_array_equal(chosen.array, ct.array)
    only_scout = raised(folder, ImageType="ORIGINAL\\PRIMARY\\LOCALIZER")
    assert only_scout.code == "LOCALIZER"


def test_two_orientations_are_chosen_by_their_plane(doubled, ct):
    folder = doubled(lambda found, *_: setattr(found, "ImageOrientationPatient", [1, 0, 0, 0, 0, -1]))
    assert {group.words for group in groups(folder)} == {"Orientation=axial", "Orientation=coronal"}
    assert raised(folder).code == "SEVERAL_SERIES"
    axial = read_volume(folder, options=ReadOptions(pick={"Orientation": "axial"}))
    np.testing.assert_array_equal(axial.array, ct.array)


def test_a_value_nobody_has_and_a_key_nobody_knows(series):
    assert raised(series, EchoTime="3").code == "NOT_PICKED"
    with pytest.raises(UsageError, match="--pick PatientName"):
        read_volume(series, options=ReadOptions(pick={"PatientName": "x"}))


def test_private_b_values_tell_diffusion_weightings_apart(doubled, edit, series):
    edit(series, lambda found, _: found.add_new(0x00431039, "IS", [1000000050, 0, 0, 0]))
    folder = doubled(lambda found, *_: found.add_new(0x00431039, "IS", [1000001000, 0, 0, 0]))
    assert [group.words for group in groups(folder)] == ["DiffusionBValue=50", "DiffusionBValue=1000"]


def test_every_stack_that_is_listed_can_be_picked(doubled, series):
    def block(found, number, time):
        angle = np.deg2rad(6)
        found.ImageOrientationPatient = [1, 0, 0, 0, round(np.cos(angle), 8), round(np.sin(angle), 8)]
        place = [float(part) for part in found.ImagePositionPatient]
        normal = np.cross([1, 0, 0], [0, np.cos(angle), np.sin(angle)])
        found.ImagePositionPatient = [
            round(a, 6) for a in np.array([place[0], place[1], 50]) + 2 * number * normal
        ]
        if time == 2:
            found.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    folder = doubled(block, times=2)
    listed = groups(folder)
    assert len(listed) == 3
    for group in listed:
        if "LOCALIZER" in dict(group.marks)["ImageType"] and "no" not in dict(group.marks)["ImageType"]:
            continue
        volume = read_volume(folder, options=ReadOptions(pick=dict(group.marks)))
        assert volume.shape == (5, 4, len(group.frames))


def test_positions_across_a_rounding_border_are_one_place(doubled, edit, series):
    def jitter(found, _):
        x, y, z = map(float, found.ImagePositionPatient)
        found.ImagePositionPatient, found.EchoTime = [x, y, z + 0.0049], 1

    edit(series, jitter)

    def echo(found, number, time):
        x, y, z = map(float, found.ImagePositionPatient)
        found.ImagePositionPatient, found.EchoTime = [x, y, z + 0.0002], 2

    assert [group.words for group in groups(doubled(echo))] == ["EchoTime=1.0", "EchoTime=2.0"]


def test_a_number_may_be_picked_as_a_number(doubled, edit, series):
    edit(series, lambda found, _: setattr(found, "EchoTime", 4.6))
    assert read_volume(doubled(mark("EchoTime", 9.2)), options=ReadOptions(pick={"EchoTime": 4.6})).dims == 3


def test_slabs_are_told_apart_by_their_stack(series, slices, enhance, ct):
    from tests.io.dicom.conftest import item

    def slab(frame, number):
        frame.FrameContentSequence = item(StackID=str(1 + number // 3))

    path = enhance(slices(series) * 2, slab)
    assert read_volume(path, options=ReadOptions(pick={"StackID": "2"})).shape == ct.shape
