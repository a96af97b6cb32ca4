"""Which picture of a tested sample lies in a run directory, and may it be handed on?"""

from dataclasses import dataclass
from pathlib import Path


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
