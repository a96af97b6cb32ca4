"""How long does it take to read a CT series: ``medidense.read_volume`` against SimpleITK, MONAI and pydicom?

A made-up series (300 files of 512 x 512 int16, about 85 elements each) is read in turns by: ours,
``medidense.read_volume`` with its default limits and warm workers; SimpleITK's ``ImageSeriesReader``, given
the names in order; MONAI's ``PydicomReader``, read and get_data; and a plain loop of pydicom's ``dcmread``
and ``pixel_array`` into one float32 array. Then JPEG-LS and JPEG 2000, which have no bar but that of memory.
Memory: how far the process and its workers grow over a warm process, as a multiple of the result, in a child.
SimpleITK is left out, with a word, where it is not installed; ``make bench`` installs it.

    python benchmarks/read_series.py --slices 300 --turns 5
"""

import argparse
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from made_series import Series, write_series
from process_tree import answer, watch
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless
from turns import Bar, Cost, in_turns, print_bars, print_costs, ratio, timed

import medidense

SYNTAXES = {
    "uncompressed": ExplicitVRLittleEndian,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}
MEMORY_BAR = 1.3
SAMPLED_EVERY_S = 0.002

Reader = Callable[[Series], Any]


def by_medidense(series: Series) -> Any:
    """The public call, nothing switched off."""
    return medidense.read_volume(series.folder).array


def by_simpleitk(series: Series) -> Any:
    """ImageSeriesReader, spared the search for the order."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in series.files])
    return reader.Execute()


def by_monai(series: Series) -> Any:
    """PydicomReader on the folder: read, then get_data."""
    from monai.data import PydicomReader

    reader = PydicomReader()
    return reader.get_data(reader.read(series.folder))[0]


def by_pydicom(series: Series) -> Any:
    """A plain loop in the order of the slices, into one float32 array."""
    first = dcmread(series.files[0])
    values = np.empty((len(series.files), first.Rows, first.Columns), dtype=np.float32)
    for slab, file in zip(values, series.files, strict=True):
        found = dcmread(file)
        slab[...] = found.pixel_array
        slab *= float(found.RescaleSlope)
        slab += float(found.RescaleIntercept)
    return values


def total_of(read: Any) -> int:
    """The sum of all values that a reader gave, an array or an image of SimpleITK's."""
    if isinstance(read, np.ndarray):
        return int(read.sum(dtype=np.float64))
    import SimpleITK

    return int(SimpleITK.GetArrayViewFromImage(read).sum(dtype=np.float64))


READERS: dict[str, Reader] = {
    "medidense": by_medidense,
    "SimpleITK": by_simpleitk,
    "MONAI": by_monai,
    "pydicom": by_pydicom,
}


def readers() -> dict[str, Reader]:
    """Those whose package is installed."""
    if find_spec("SimpleITK") is not None:
        return READERS
    print("SimpleITK is not installed: its side is left out (make bench installs it)")
    return {name: reader for name, reader in READERS.items() if name != "SimpleITK"}


def peak_of(warm: Series, series: Series) -> float | None:
    """Bytes that reading adds to a warm process and its workers at the most, over the bytes of the result."""
    watched = watch(__file__, ["--child", str(warm.folder), str(series.folder)], SAMPLED_EVERY_S)
    if watched.peak is None or watched.start is None:
        return None
    return (watched.peak - watched.start) / float(watched.said["bytes"])


def read_in_child(warm: Path, folder: Path) -> None:
    """The child of `peak_of`."""
    medidense.read_volume(warm)
    kept = []

    def read() -> dict[str, Any]:
        kept.append(medidense.read_volume(folder))
        return {"bytes": kept[0].array.nbytes}

    answer(read)


def compare(sides: dict[str, Reader], name: str, series: Series, turns: int) -> dict[str, Cost]:
    """Costs of all sides for one series, and the bars."""
    for side, reader in sides.items():  # warms it up as well
        if total_of(reader(series)) != series.total:
            print(f"{side} READS OTHER VALUES than were written")
    costs = in_turns({side: timed(partial(reader, series)) for side, reader in sides.items()}, turns, warm=0)
    print(f"{name}, {len(series.files)} slices, medians of {turns} turns")
    print_costs(costs)
    return costs


def bars_of(costs: dict[str, Cost], peak: float | None, barred: bool) -> list[Bar]:
    """The figures of one series. Only the uncompressed one has bars of time (`barred`)."""
    of = partial(ratio, costs, "medidense")
    return [
        Bar("wall, of SimpleITK's", of("SimpleITK"), 0.6 if barred else None),
        Bar("wall, of MONAI's", of("MONAI"), 0.25 if barred else None),
        Bar("CPU, of pydicom's", of("pydicom", "cpu"), 1.5 if barred else None),
        Bar("peak memory, of the result's", peak, MEMORY_BAR),
    ]


def main() -> None:
    """Print a table for each way of storing the pixels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--size", type=int, default=512, help="rows and columns")
    parser.add_argument("--turns", type=int, default=5, help="half as many for compressed series")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        read_in_child(*options.child)
        return
    sides = readers()
    with TemporaryDirectory() as folder:
        warm = write_series(Path(folder) / "warm", 2, options.size)
        for name, syntax in SYNTAXES.items():
            series = write_series(Path(folder) / name, options.slices, options.size, syntax)
            barred = syntax == ExplicitVRLittleEndian
            costs = compare(sides, name, series, options.turns if barred else max(1, options.turns // 2))
            print_bars(bars_of(costs, peak_of(warm, series), barred))


if __name__ == "__main__":
    main()
