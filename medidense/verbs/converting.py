"""One series as one NIfTI file."""

from dataclasses import dataclass
from pathlib import Path

from medidense.errors import OutputExistsError, UsageError
from medidense.io import read_volume, write_nifti
from medidense.values.volume import axis_codes


@dataclass(frozen=True)
class ConvertResult:
    """What was written, and the warnings that came with the reading."""

    source: Path
    target: Path
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    orientation: str
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The fields, paths as text."""
        return {
            "source": str(self.source),
            "target": str(self.target),
            "shape": list(self.shape),
            "spacing_mm": list(self.spacing_mm),
            "orientation": self.orientation,
            "warnings": list(self.warnings),
        }


def convert(source: Path, target: Path, *, series: str = "", overwrite: bool = False) -> ConvertResult:
    """Read `source` (a file, or a folder with one series, or with `series` among several) and write NIfTI.

    Values are modality values, the affine is RAS+ millimetres. Raises Refused where the input is refused
    (nothing is written), OutputExistsError, UsageError for a target that is no ``.nii`` or ``.nii.gz``,
    WriteError.
    """
    source, target = Path(source), Path(target)
    if not target.name.endswith((".nii", ".nii.gz")):
        raise UsageError(str(target), "the output is NIfTI", target.name, "let its name end in .nii.gz")
    if target.exists() and not overwrite:
        raise OutputExistsError(
            str(target), "the output exists", "", "pass --overwrite or choose another name"
        )
    volume = read_volume(source, series_uid=series)
    write_nifti(volume, target, overwrite=overwrite)
    return ConvertResult(
        source=source,
        target=target,
        shape=volume.shape,
        spacing_mm=volume.spacing_mm,
        orientation=axis_codes(volume.affine),
        warnings=volume.warnings,
    )
