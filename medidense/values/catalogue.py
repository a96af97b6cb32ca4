"""What lies in a folder tree: one entry for each series, file that is no image, or refusal."""

import shlex
from dataclasses import dataclass

from medidense.values.refusal import Refusal


@dataclass(frozen=True)
class Entry:
    """One line of a catalogue.

    `state` is ``volume``, ``refused`` or ``skipped`` (no image at all: a README, a report object).
    `path` is the file, or the folder of the series; `parts` are the files and folders to read instead of it,
    where the series is not all that lies there. `patient_key` joins series of one patient: a digest of
    the DICOM PatientID, never the ID. `shape` is (i, j, k) as stored, `spacing_mm` along the same axes.
    """

    path: str
    state: str
    kind: str = ""
    modality: str = ""
    study_uid: str = ""
    series_uid: str = ""
    patient_key: str = ""
    files: int = 1
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()
    refusal: Refusal | None = None
    note: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    """(keyword, value) of what sets this stack apart, where a series holds several."""

    parts: tuple[str, ...] = ()

    @property
    def pick(self) -> str:
        """The marks as `--pick` takes them from a shell, quoted where they must be.

        >>> Entry("a", "volume", marks=(("EchoTime", "4.6"), ("ImageType", "M T1"))).pick
        "EchoTime=4.6 'ImageType=M T1'"
        """
        return " ".join(shlex.quote(f"{name}={value}") for name, value in self.marks)
