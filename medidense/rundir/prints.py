"""By what is each image of a run known again, once the cohort has moved away?"""

from collections.abc import Mapping
from pathlib import Path

from medidense import durable
from medidense.rundir.tables import read_rows

COLUMNS = ("sample", "image_sha256")


def write_prints(prints: Mapping[str, str], target: Path) -> None:
    """prints.csv: the sha256 of the voxels of each sample's image, sorted by sample."""
    durable.write_csv(target, COLUMNS, sorted(prints.items()))


def read_prints(path: Path) -> Mapping[str, str] | None:
    """By sample the digest of its image; None for a run of a version that kept none. Raises RunError."""
    if not path.is_file():
        return None
    return {row["sample"]: row["image_sha256"] for row in read_rows(path, COLUMNS)}
