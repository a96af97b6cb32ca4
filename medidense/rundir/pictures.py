"""Which picture of a tested sample lies in a run directory, and may it be handed on?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from medidense import durable
from medidense.rundir.tables import read_rows

COLUMNS = ("picture", "sample")


@dataclass(frozen=True)
class Picture:
    """A PNG file ``saliency/<kind>_<rank>.png`` of the sample of that name.

    `words` are what is known and decided of it, and its score. `clean`: its modality carries no burned-in
    text, or the run's owner has said that its pictures carry no name; no other may leave the run directory.
    """

    path: Path
    kind: str
    sample: str
    words: str
    clean: bool


def write_shown(shown: Mapping[str, str], target: Path) -> None:
    """shown.csv: which sample each picture shows, by the picture's name without its suffix."""
    durable.write_csv(target, COLUMNS, sorted(shown.items()))


def read_shown(path: Path) -> Mapping[str, str]:
    """What `write_shown` wrote; nothing where there is no such file. Raises RunError."""
    if not path.is_file():
        return {}
    return {row["picture"]: row["sample"] for row in read_rows(path, COLUMNS)}
