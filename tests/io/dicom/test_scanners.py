"""What scanners of several makers put under one SeriesInstanceUID, and what becomes of it."""

import numpy as np
import pytest

from medidense.io.dicom import gather, groups_of, laid_out, scan_file, stack_of
from medidense.io.dicom.pixels import read_pixels
from medidense.values import ReadOptions, Refused
from tests.io.dicom.scanners import all_of, image, private, several, states, write

KINDS = [[0, 1, 2], [3, 4, 5]]
"""The images of two kinds of three slices."""


def scanned(folder):
    (frames,) = gather(scan_file(path) for path in sorted(folder.iterdir())).series.values()
    return frames


def numbers(stack):
    """The numbers of the images of a stack, in the order of k."""
    return [int(number) for number in np.asarray(read_pixels(stack))[0, 0, :]]


def listed(folder):
    """Marks -> the images of a stack, or the code of its refusal; each is what its pick gives."""
    frames, found = scanned(folder), {}
    groups, warnings = groups_of(frames, folder)
    for group in groups:
        options = ReadOptions(pick=dict(group.marks))
        try:
            found[group.words] = numbers(laid_out(group, warnings, folder, ReadOptions()))
            assert numbers(stack_of(frames, folder, options)) == found[group.words]
        except Refused as refused:
            found[group.words] = refused.refusal.code
            with pytest.raises(Refused, match=refused.refusal.code):
                stack_of(frames, folder, options)
    return found


def refusal_of(folder, **pick):
    with pytest.raises(Refused) as caught:
        stack_of(scanned(folder), folder, ReadOptions(pick=pick))
    return caught.value.refusal


GE, SIEMENS = "GEMS_PARM_01", "SIEMENS MR HEADER"
GRADIENTS = ([0.0, 0.0, 1.0], [0.70710678, 0.70710678, 0.0])

TWO_KINDS = {
    "b-value": (states(DiffusionBValue=(0.0, 800.0)), "DiffusionBValue={}", ("0.0", "800.0")),
    "b-value GE": (
        private(0x00431039, "IS", ([1000000050, 8, 0, 0], [1000000800, 8, 0, 0]), GE),
        "DiffusionBValue={}",
        ("50", "800"),
    ),
    "b-value GE without offset": (
        private(0x00431039, "IS", ([0, 8, 0, 0], [15000, 8, 0, 0]), GE),
        "DiffusionBValue={}",
        ("0", "15000"),
    ),
    "b-value Siemens": (
        private(0x0019100C, "IS", (0, 1000), SIEMENS),
        "DiffusionBValue={}",
        ("0", "1000"),
    ),
    "b-value Philips": (
        private(0x20011003, "FL", (0.0, 1000.0), "Philips Imaging DD 001"),
        "DiffusionBValue={}",
        ("0", "1000"),
    ),
    "b-value United Imaging": (
        private(0x00651009, "FD", (50.0, 1000.0), "Image Private Header"),
        "DiffusionBValue={}",
        ("50", "1000"),
    ),
    "direction": (
        states(DiffusionBValue=(800.0, 800.0), DiffusionGradientOrientation=GRADIENTS),
        "DiffusionGradientOrientation={}",
        (r"0\0\1", r"0.707\0.707\0"),
    ),
    "direction Siemens": (
        all_of(private(0x0019100C, "IS", (800, 800), SIEMENS), private(0x0019100E, "FD", GRADIENTS, SIEMENS)),
        "DiffusionGradientOrientation={}",
        (r"0\0\1", r"0.707\0.707\0"),
    ),
    "direction Philips": (
        all_of(
            private(0x20011003, "FL", (800.0, 800.0), "Philips Imaging DD 001"),
            private(0x200510B0, "FL", (1.0, 0.0), "Philips MR Imaging DD 001"),
            private(0x200510B1, "FL", (0.0, 0.6), "Philips MR Imaging DD 001"),
            private(0x200510B2, "FL", (0.0, 0.8), "Philips MR Imaging DD 001"),
        ),
        "DiffusionGradientOrientation={}",
        (r"1\0\0", r"0\0.6\0.8"),
    ),
    "direction GE": (
        all_of(
            private(0x00431039, "IS", ([800, 8, 0, 0], [800, 8, 0, 0]), GE),
            private(0x001910BB, "DS", ("1.000000", "0.0"), "GEMS_ACQU_01"),
            private(0x001910BC, "DS", ("0.0", "-1.000000"), "GEMS_ACQU_01"),
            private(0x001910BD, "DS", ("0.0", "0.0"), "GEMS_ACQU_01"),
        ),
        "DiffusionGradientOrientation={}",
        (r"1\0\0", r"0\-1\0"),
    ),
    "a trace image has no direction": (
        states(DiffusionBValue=(800.0, 800.0), DiffusionGradientOrientation=(GRADIENTS[0], None)),
        "DiffusionGradientOrientation={}",
        (r"0\0\1", "none"),
    ),
    "Dixon": (
        states(
            ImageType=(["DERIVED", "PRIMARY", "DIXON", "WATER"], ["ORIGINAL", "PRIMARY", "DIXON", "IN_PHASE"])
        ),
        "ImageType={}",
        (r"DERIVED\PRIMARY\DIXON\WATER", r"ORIGINAL\PRIMARY\DIXON\IN_PHASE"),
    ),
    "Dixon Philips": (
        states(ImageType=(["DERIVED", "PRIMARY", "W", "W"], ["DERIVED", "PRIMARY", "F", "F"])),
        "ImageType={}",
        (r"DERIVED\PRIMARY\W\W", r"DERIVED\PRIMARY\F\F"),
    ),
    "magnitude and phase": (
        states(ImageType=(["ORIGINAL", "PRIMARY", "M", "ND"], ["ORIGINAL", "PRIMARY", "P", "ND"])),
        "ImageType={}",
        (r"ORIGINAL\PRIMARY\M\ND", r"ORIGINAL\PRIMARY\P\ND"),
    ),
    "real and imaginary GE": (
        private(0x0043102F, "SS", (2, 3), GE),
        "ComplexImageComponent={}",
        ("REAL", "IMAGINARY"),
    ),
    "dynamic PET": (
        states(FrameReferenceTime=("15000", "47000"), ActualFrameDuration=(30000, 34000)),
        "FrameReferenceTime={}",
        ("15000", "47000"),
    ),
    "CT perfusion": (
        states(AcquisitionTime=("120001.5", "120003")),
        "AcquisitionTime={}",
        ("120001.5", "120003"),
    ),
    "two kernels": (
        states(ConvolutionKernel=("B31f", ["Br64d", "3"])),
        "ConvolutionKernel={}",
        ("B31f", r"Br64d\3"),
    ),
    "dual energy": (states(KVP=("80", "140")), "KVP={}", ("80", "140")),
    "dual energy by type": (
        states(ImageType=(["DERIVED", "PRIMARY", "MONO_40"], ["DERIVED", "PRIMARY", "MONO_70"])),
        "ImageType={}",
        (r"DERIVED\PRIMARY\MONO_40", r"DERIVED\PRIMARY\MONO_70"),
    ),
    "flip angles": (states(FlipAngle=("3", "15")), "FlipAngle={}", ("3", "15")),
    "acquisitions": (states(AcquisitionNumber=(1, 2)), "AcquisitionNumber={}", ("1", "2")),
    "temporal positions": (
        states(TemporalPositionIdentifier=(1, 2)),
        "TemporalPositionIdentifier={}",
        ("1", "2"),
    ),
}


@pytest.mark.parametrize("name", TWO_KINDS)
def test_two_kinds_under_one_uid(tmp_path, name):
    change, words, values = TWO_KINDS[name]
    folder = write(tmp_path / "a", several(change))
    assert listed(folder) == dict(zip(map(words.format, values), KINDS, strict=True))
    refusal = refusal_of(folder)
    assert refusal.code == "REPEATED_POSITION"
    assert words.split("=")[0] in refusal.found


def test_philips_stacks_of_b_values_and_directions(tmp_path):
    kinds = [
        (0.0, None),
        (500.0, [1.0, 0, 0]),
        (500.0, [0, 1.0, 0]),
        (1000.0, [1.0, 0, 0]),
        (1000.0, [0, 1.0, 0]),
    ]

    def change(found, k, kind):
        found.DiffusionBValue = kinds[kind][0]
        if kinds[kind][1]:
            found.DiffusionGradientOrientation = kinds[kind][1]

    found = listed(write(tmp_path / "a", several(change, kinds=5)))
    assert sorted(found.values()) == [[kind * 3 + k for k in range(3)] for kind in range(5)]
    assert r"DiffusionBValue=1000.0 DiffusionGradientOrientation=0\1\0" in found


def test_images_without_diffusion_are_repeated_in_time(tmp_path):
    """Three images of b 0, told apart by their number alone, beside two of b 800."""

    def change(found, k, kind):
        found.DiffusionBValue = 0.0 if kind < 3 else 800.0
        found.DiffusionGradientOrientation = ([0, 0, 0], [0, 0, 0], [0, 0, 0], [1.0, 0, 0], [0, 1.0, 0])[kind]

    found = listed(write(tmp_path / "a", several(change, kinds=5)))
    assert found[r"DiffusionGradientOrientation=0\0\0 Phase=2"] == [3, 4, 5]
    assert found[r"DiffusionGradientOrientation=0\1\0"] == [12, 13, 14]
    assert len(found) == 5


PHASES = {
    "trigger times of each slice": lambda found, k, kind: setattr(found, "TriggerTime", 30 * kind + k),
    "an acquisition time of each slice": lambda found, k, kind: setattr(
        found, "AcquisitionTime", f"12{kind:02d}{10 + k:02d}.25"
    ),
    "over midnight": lambda found, k, kind: (
        setattr(found, "AcquisitionTime", f"{(235950, 30)[kind]:06d}.{k}"),
        setattr(found, "AcquisitionDate", ("20200131", "20200201")[kind]),
    ),
    "a moment of each slice": lambda found, k, kind: setattr(
        found, "AcquisitionDateTime", f"202001{30 + kind}1200{k:02d}.5+0100"
    ),
    "a time of each slice in PET": lambda found, k, kind: setattr(
        found, "FrameReferenceTime", 1000 * kind + k
    ),
    "temporal positions that run on": lambda found, k, kind: setattr(
        found, "TemporalPositionIdentifier", 2 * k + kind
    ),
    "content times": lambda found, k, kind: setattr(found, "ContentTime", f"1200{10 * kind + k:02d}"),
    "acquisition numbers that run on": lambda found, k, kind: setattr(
        found, "AcquisitionNumber", 3 * kind + k
    ),
    "instance numbers": lambda found, k, kind: None,
}


@pytest.mark.parametrize("name", PHASES)
def test_phases_are_the_order_in_time(tmp_path, name):
    folder = write(tmp_path / "a", several(PHASES[name]))
    assert listed(folder) == {"Phase=1": KINDS[0], "Phase=2": KINDS[1]}
    refusal = refusal_of(folder)
    assert (refusal.code, "--pick Phase=1" in refusal.next_step) == ("REPEATED_POSITION", True)
    assert refusal_of(folder, Phase="3").code == "NOT_PICKED"


def test_the_attribute_that_orders_phases_is_named(tmp_path):
    folder = write(tmp_path / "a", several(PHASES["trigger times of each slice"]))
    assert "Phase by TriggerTime" in refusal_of(folder).found


def test_instance_numbers_may_run_slice_after_slice(tmp_path):
    found = listed(write(tmp_path / "a", several(lambda *_: None, by_slice=True)))
    assert found == {"Phase=1": [0, 2, 4], "Phase=2": [1, 3, 5]}


def test_phases_of_each_echo(tmp_path):
    """Trigger times differ from slice to slice; echo times too, by a thousandth."""

    def change(found, k, kind):
        found.EchoTime = (4.6, 9.2)[kind % 2] * (1 + (k == 2) / 1000)
        found.TriggerTime = 100 * (kind // 2) + 3 * k
        found.InstanceNumber = 7

    found = listed(write(tmp_path / "a", several(change, kinds=4)))
    assert found["EchoTime=4.6 Phase=2"] == [6, 7, 8]
    assert found["EchoTime=9.2 Phase=1"] == [3, 4, 5]
    assert len(found) == 4


def test_echo_times_with_a_jitter_are_one_echo(tmp_path):
    jitter = ("4.6", "4.600001", "4.59"), ("9.2", "9.19", "9.2")
    folder = write(
        tmp_path / "a", several(lambda found, k, kind: setattr(found, "EchoTime", jitter[kind][k]))
    )
    assert listed(folder) == {"EchoTime=4.6": KINDS[0], "EchoTime=9.2": KINDS[1]}
    for said in ("4.59", "4.61", "4.600001"):
        assert numbers(stack_of(scanned(folder), folder, ReadOptions(pick={"EchoTime": said}))) == KINDS[0]
    assert refusal_of(folder, EchoTime="4.7").code == "NOT_PICKED"


def test_echo_times_are_listed_without_the_noise_of_32_bits(tmp_path):
    folder = write(tmp_path / "a", several(states(EchoTime=("4.59999990463", "9.19999980926"))))
    assert listed(folder) == {"EchoTime=4.6": KINDS[0], "EchoTime=9.2": KINDS[1]}
    for said in ("4.6", "4.59999990463"):
        assert numbers(stack_of(scanned(folder), folder, ReadOptions(pick={"EchoTime": said}))) == KINDS[0]


def test_close_echo_times_that_differ_everywhere_are_two(tmp_path):
    folder = write(tmp_path / "a", several(states(EchoTime=("100", "100.5"))))
    assert listed(folder) == {"EchoTime=100": KINDS[0], "EchoTime=100.5": KINDS[1]}


def flipped(found, k, kind):
    """Two kernels in a private element nobody knows, reconstructed in another order in each slice."""
    found.ContentTime, found.InstanceNumber = f"1200{2 * k + (kind + k) % 2:02d}", 1


DOUBTFUL = {
    "clock in another order": (flipped, "ContentTime"),
    "no attribute": (lambda found, k, kind: setattr(found, "InstanceNumber", k), "nothing known"),
    "numbers in no blocks": (
        lambda found, k, kind: setattr(found, "InstanceNumber", (1, 2, 3, 6, 4, 5)[3 * kind + k] * 2 % 7),
        "InstanceNumber",
    ),
    "numbers that contradict": (
        lambda found, k, kind: (
            setattr(found, "InstanceNumber", 10 * kind + k),
            setattr(found, "AcquisitionNumber", 100 - 10 * kind - k),
        ),
        "AcquisitionNumber",
    ),
    "b-values that differ in one slice": (
        lambda found, k, kind: setattr(found, "DiffusionBValue", 800.0 * kind * (k == 1)),
        "DiffusionBValue",
    ),
    "kinds that change places": (
        lambda found, k, kind: (
            setattr(found, "EchoTime", 10 * k + 5 * kind + 1),
            setattr(found, "TemporalPositionIdentifier", kind),
        ),
        "EchoTime",
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_leaves_a_doubt_is_refused(tmp_path, name):
    change, named = DOUBTFUL[name]
    folder = write(tmp_path / "a", several(change))
    refusal = refusal_of(folder)
    assert refusal.code == "REPEATED_POSITION"
    assert named in refusal.found


def test_kinds_that_do_not_run_through_the_stack_are_no_stacks(tmp_path):
    folder = write(tmp_path / "a", several(DOUBTFUL["kinds that change places"][0]))
    assert listed(folder) == {"": "REPEATED_POSITION"}


def test_times_that_cross_the_kinds_do_not_mix_them(tmp_path):
    """Magnitude and phase change their places in time from slice to slice."""

    def change(found, k, kind):
        found.ImageType = ["ORIGINAL", "PRIMARY", "MP"[kind]]
        found.TemporalPositionIdentifier = (kind + k) % 2 + 1

    found = listed(write(tmp_path / "a", several(change)))
    assert found == {"ImageType=ORIGINAL\\PRIMARY\\M": KINDS[0], "ImageType=ORIGINAL\\PRIMARY\\P": KINDS[1]}


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_slice_missing_from_one_time_refuses_that_time_alone(tmp_path, lost):
    images = several(states(TemporalPositionIdentifier=(1, 2, 3)), slices=4, kinds=3)
    del images[4 + lost]
    found = listed(write(tmp_path / "a", images))
    assert found == {
        "TemporalPositionIdentifier=1": [0, 1, 2, 3],
        "TemporalPositionIdentifier=2": "MISSING_SLICE",
        "TemporalPositionIdentifier=3": [8, 9, 10, 11],
    }


def test_a_slice_missing_where_only_the_order_tells_times_apart(tmp_path):
    images = several(PHASES["trigger times of each slice"], kinds=3)
    del images[4]
    assert refusal_of(write(tmp_path / "a", images)).code == "REPEATED_POSITION"


def test_reconstructions_may_cover_other_stretches(tmp_path):
    images = several(states(ConvolutionKernel=("B31f", "B70f")), slices=5)
    del images[9], images[0]
    found = listed(write(tmp_path / "a", images))
    assert found == {"ConvolutionKernel=B31f": [1, 2, 3, 4], "ConvolutionKernel=B70f": [5, 6, 7, 8]}


def test_a_last_time_that_was_broken_off(tmp_path):
    images = several(states(AcquisitionNumber=(1, 2, 3)), slices=4, kinds=3)[:-3]
    found = listed(write(tmp_path / "a", images))
    assert found["AcquisitionNumber=2"] == [4, 5, 6, 7]
    assert found["AcquisitionNumber=3"] == "MISSING_SLICE"


def test_a_screen_shot_in_a_series(tmp_path):
    images = [image(k, 2.0 * k) for k in range(4)]
    shot = images.pop()
    shot.SOPClassUID = shot.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(shot, keyword)
    folder = write(tmp_path / "a", [*images, shot])
    assert listed(folder) == {
        "SOPClassUID=none": [0, 1, 2],
        "SOPClassUID=1.2.840.10008.5.1.4.1.1.7": "NO_GEOMETRY",
    }
    assert refusal_of(folder).code == "SEVERAL_SERIES"


def test_a_coloured_report_in_a_series(tmp_path):
    images = [image(k, 2.0 * k) for k in range(3)]
    page = image(9, 0.0)
    page.SamplesPerPixel, page.PhotometricInterpretation, page.PlanarConfiguration = 3, "RGB", 0
    page.BitsAllocated, page.BitsStored, page.HighBit = 8, 8, 7
    page.PixelData = bytes(4 * 5 * 3)
    found = listed(write(tmp_path / "a", [*images, page]))
    assert found == {"Size=4x5x16bit": [0, 1, 2], "Size=4x5x3x8bit": "COLOUR"}
