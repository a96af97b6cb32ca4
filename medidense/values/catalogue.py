"""What lies in a folder tree: one entry for each series, file that is no image, or refusal."""

from dataclasses import dataclass

from medidense.values.refusal import Refusal


@dataclass(frozen=True)
class Entry:
    """One line of a catalogue.

    `state` is ``volume``, ``refused`` or ``skipped`` (no image at all: a README, a report object).
    `path` is the file, or the folder of the series. `patient_key` joins series of one patient: a digest of
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

    @property
    def pick(self) -> str:
        """The marks as `--pick` takes them."""
        return " ".join(f"{name}={value}" for name, value in self.marks)
