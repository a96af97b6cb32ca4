"""How much of a series' time does a region of it take? 64 mm of a CT against the whole volume.

A made-up series (300 slices of 512 x 512, 1 mm apart) is read in turns whole and in part: a lesion of 40 mm
with 12 mm around it, with and without the catalogue that ``medidense.scan`` wrote of the folder. Uncompressed
and as JPEG-LS.

    python benchmarks/read_region.py --slices 300 --turns 5
"""

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from made_series import Series, write_series
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless
from turns import Bar, in_turns, print_bars, print_costs, ratio, timed

import medidense

DIAMETER_MM, MARGIN_MM = 40.0, 12.0
CASES: tuple[tuple[str, UID, float], ...] = (
    ("uncompressed", ExplicitVRLittleEndian, 0.6),
    ("JPEG-LS", JPEGLSLossless, 0.35),
)
"""What it is called, its transfer syntax, the bar without a catalogue."""
BAR_WITH_CATALOGUE = 0.35


def compare(name: str, series: Series, bar: float, turns: int) -> None:
    """Costs of the whole and of the region, and the bars."""
    catalogue = series.folder.with_suffix(".csv")
    medidense.scan([series.folder], out=catalogue)
    region = medidense.Marker(series.centre_mm, DIAMETER_MM)
    part = partial(medidense.read_volume, series.folder, region=region, margin_mm=MARGIN_MM)
    costs = in_turns(
        {
            "whole": timed(partial(medidense.read_volume, series.folder)),
            "region": timed(part),
            "region, catalogue": timed(partial(part, catalogue=catalogue)),
        },
        turns,
    )
    print(f"{name}, {len(series.files)} slices; region: {part()!r}; medians of {turns} turns")
    print_costs(costs)
    print_bars(
        [
            Bar("wall of the region, of the whole", ratio(costs, "region", "whole"), bar),
            Bar("the same with a catalogue", ratio(costs, "region, catalogue", "whole"), BAR_WITH_CATALOGUE),
        ]
    )


def main() -> None:
    """Print a table for each way of storing the pixels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--size", type=int, default=512, help="rows and columns")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        for name, syntax, bar in CASES:
            series = write_series(Path(folder) / name, options.slices, options.size, syntax)
            compare(name, series, bar, options.turns)


if __name__ == "__main__":
    main()
