"""How many damaged codestreams does `score` see? A CT series, one slice of it damaged at a time.

Each slice of a DICOM series (uncompressed, a folder of single files) is compressed as itself; then 1 to 200
bytes of one slice's codestream are overwritten, or as many bits turned, behind its first fiftieth. What is
read with an error is seen by the decoder; of what is read without one, the check of `score` sees a part.

    python benchmarks/damaged_streams.py FOLDER --trials 24
"""

import argparse
from collections import Counter
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from medidense.io import read_volume
from medidense.package.neighbours import check_neighbours
from medidense.values import Refused

SYNTAXES = {
    "JPEG-LS": JPEGLSLossless,
    "JPEG lossless": JPEGLosslessSV1,
    "RLE": RLELossless,
    "JPEG 2000": JPEG2000Lossless,
    "JPEG, 8 bits": JPEGBaseline8Bit,
}
HEAD = 50
"""The first part of a codestream, one of so many, is left alone: damage there is what decoders do see."""
MOST = 200
SLICES = 7


def code_of(found: Dataset, syntax: str) -> bytes:
    """The codestream of one slice; 8 bits where the syntax has no more."""
    samples = found.pixel_array
    if syntax == JPEGLosslessSV1:
        import imagecodecs

        code: bytes = imagecodecs.ljpeg_encode(samples.astype(np.uint16), bitspersample=16)
        return code
    if syntax == JPEGBaseline8Bit:
        low, high = np.percentile(samples, (1, 99))
        grey = np.clip((samples - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        stream = BytesIO()
        Image.fromarray(grey).save(stream, "JPEG", quality=90)
        return stream.getvalue()
    found.compress(syntax, generate_instance_uid=False)
    return next(generate_frames(found.PixelData, number_of_frames=1))


def write(found: Dataset, code: bytes, syntax: str, path: Path) -> None:
    """A slice with this codestream."""
    found.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEGBaseline8Bit:
        found.BitsAllocated = found.BitsStored = 8
        found.HighBit, found.PixelRepresentation = 7, 0
    found.add_new("PixelData", "OB", encapsulate([code]))
    found["PixelData"].is_undefined_length = True
    found.save_as(path, enforce_file_format=True)


def damaged(code: bytes, random: np.random.Generator) -> bytes:
    """The same with some bytes overwritten, or some bits turned."""
    bad = bytearray(code)
    count, first = int(random.integers(1, MOST + 1)), len(code) // HEAD
    if random.integers(2):
        at = int(random.integers(first, len(code) - count))
        bad[at : at + count] = random.integers(0, 256, count).astype(np.uint8).tobytes()
    else:
        for at in random.integers(first, len(code) - 2, count):
            bad[at] ^= 1 << int(random.integers(8))
    return bytes(bad)


def trial(folder: Path, sound: np.ndarray) -> str:
    """What becomes of a series with one damaged slice."""
    try:
        volume = read_volume(folder)
    except Refused:
        return "the decoder sees it"
    if np.array_equal(volume.array, sound):
        return "no pixel changed"
    try:
        check_neighbours(volume, folder)
    except Refused:
        return "`score` sees it"
    return "unseen"


def main() -> None:
    """Print a line for each syntax."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=24)
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.dcm"))
    files.sort(key=lambda file: float(dcmread(file, stop_before_pixels=True).ImagePositionPatient[2]))
    middle = len(files) // 2
    files = files[middle - SLICES // 2 : middle + SLICES // 2 + 1]
    for name, syntax in SYNTAXES.items():
        if syntax == JPEGLosslessSV1 and find_spec("imagecodecs") is None:
            print(f"{name:<16} left out: imagecodecs is not installed")
            continue
        random = np.random.default_rng(0)
        with TemporaryDirectory() as place:
            codes = []
            for file in files:
                found = dcmread(file)
                codes.append(code_of(found, syntax))
                write(found, codes[-1], syntax, Path(place) / file.name)
            sound = read_volume(Path(place))
            check_neighbours(sound, name)
            seen: Counter[str] = Counter()
            for number in range(options.trials):
                at = number % len(files)
                path = Path(place) / files[at].name
                kept = path.read_bytes()
                write(dcmread(path), damaged(codes[at], random), syntax, path)
                seen[trial(Path(place), sound.array)] += 1
                path.write_bytes(kept)
            print(
                f"{name:<16}",
                ", ".join(f"{what}: {count}" for what, count in sorted(seen.items())),
                flush=True,
            )


if __name__ == "__main__":
    main()
