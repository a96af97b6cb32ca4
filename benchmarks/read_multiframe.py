"""How long does one enhanced file of many frames take, and does twice as many take more than twice as long?

A made-up enhanced MR (256 x 256 int16, a functional group each) is written with and without an offset table,
deflated and compressed (RLE), and read in turns by ``medidense.read_volume`` and by pydicom
(``dcmread(path).pixel_array``, no geometry, no limits). Then half of its frames: a reader that is linear in
them takes half the time.

    python benchmarks/read_multiframe.py --frames 500 --turns 3
"""

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from made_series import PICTURES, PIXEL_MM, STEP_MM, instance, pictures
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, RLELossless
from turns import Bar, in_turns, print_bars, print_costs, ratio, timed

import medidense

ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
CASES = {
    "uncompressed": ExplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE, no offset table": RLELossless,
}
LINEAR_BAR = 2.5
"""Times that twice the frames may take: 2, and room for a busy machine."""

OURS = ("medidense", "medidense, half")


def item(**values: Any) -> list[Dataset]:
    """A sequence of one item."""
    one = Dataset()
    for keyword, value in values.items():
        setattr(one, keyword, value)
    return [one]


def write_enhanced(path: Path, frames: int, size: int, syntax: str) -> Path:
    """One file of `frames` slices; what is encapsulated has an empty offset table."""
    shown = list(pictures(min(frames, PICTURES), size))
    found = instance(0, shown[0])
    found.SOPClassUID, found.NumberOfFrames, found.Modality = ENHANCED_MR, frames, "MR"
    found.file_meta.MediaStorageSOPClassUID, found.file_meta.TransferSyntaxUID = ENHANCED_MR, syntax
    codes = [picture.tobytes() for picture in shown]
    if syntax == RLELossless:
        codes = [encoded(picture) for picture in shown]
    stored = [codes[number % len(codes)] for number in range(frames)]
    shared = item(
        PixelMeasuresSequence=item(PixelSpacing=[PIXEL_MM, PIXEL_MM], SliceThickness=STEP_MM),
        PlaneOrientationSequence=item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
        PixelValueTransformationSequence=item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US"),
    )
    found.SharedFunctionalGroupsSequence = shared
    found.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=item(ImagePositionPatient=[0, 0, number * STEP_MM]))[0]
        for number in range(frames)
    ]
    packed = syntax == RLELossless
    found.PixelData = encapsulate(stored, has_bot=False) if packed else b"".join(stored)
    found["PixelData"].VR = "OB" if packed else "OW"
    found["PixelData"].is_undefined_length = packed
    found.save_as(path, enforce_file_format=True)
    return path


def encoded(picture: Any) -> bytes:
    """One picture as pydicom's own RLE encoder has it."""
    one = instance(0, picture)
    one.compress(RLELossless, generate_instance_uid=False)
    return next(generate_frames(one.PixelData, number_of_frames=1))


def main() -> None:
    """Print a table for each way of storing the frames."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--size", type=int, default=256, help="rows and columns")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        for name, syntax in CASES.items():
            whole, half = (
                write_enhanced(Path(folder) / f"{count}.dcm", count, options.size, syntax)
                for count in (options.frames, options.frames // 2)
            )
            sides = {
                OURS[0]: timed(partial(medidense.read_volume, whole)),
                OURS[1]: timed(partial(medidense.read_volume, half)),
                "pydicom": timed(lambda path=whole: dcmread(path).pixel_array),
            }
            costs = in_turns(sides, options.turns)
            print(f"{name}, {options.frames} frames; medians of {options.turns} turns")
            print_costs(costs)
            print_bars(
                [
                    Bar("CPU, of that of half the frames", ratio(costs, *OURS, "cpu"), LINEAR_BAR),
                    Bar("CPU, of pydicom's", ratio(costs, OURS[0], "pydicom", "cpu")),
                ]
            )


if __name__ == "__main__":
    main()
