"""Why an input was not read or scored: a closed list of codes, and one refusal as a value."""

from dataclasses import dataclass
from types import MappingProxyType

from medidense.errors import MedidenseError

CODES = MappingProxyType(
    {
        "EMPTY": "no file, an empty file, an empty folder or an empty archive",
        "NOT_DICOM": "nothing in the input is DICOM",
        "NOT_NIFTI": "the NIfTI magic, header size or dimensions are not valid",
        "NOT_PICTURE": "the picture's content is not of the kind its name says",
        "BAD_ARCHIVE": "the archive is unreadable, encrypted, or has an unsafe name or link in it",
        "NO_TS": "the file does not state its transfer syntax",
        "UNKNOWN_SYNTAX": "no decoder for this transfer syntax is installed",
        "NO_PIXELS": "a DICOM object without pixel data",
        "WRONG_CLASS": "a DICOM object whose pixels are no image (segmentation, dose, presentation)",
        "LOCALIZER": "a scout image is no volume",
        "MOSAIC": "many slices are tiled into one picture",
        "COLOUR": "colour where one channel is needed",
        "NO_GEOMETRY": "position, orientation or spacing is missing or impossible",
        "TILTED": "the slices are shifted sideways, or the axes are not at right angles",
        "MISSING_SLICE": "one or more slices are missing",
        "UNEVEN": "the slices are not evenly spaced",
        "REPEATED_POSITION": "a slice position occurs more than once",
        "SEVERAL_SERIES": "more than one series or orientation, and none was chosen",
        "MIXED_SIZE": "rows, columns, bits or samples differ inside the series",
        "PATIENTS": "more than one patient in one volume",
        "CONFLICT": "two statements in the input disagree",
        "NOT_PICKED": "no stack has the value that was picked",
        "IDENTITY": "a NIfTI file without orientation (sform and qform codes are 0)",
        "DIMENSIONS": "the number of dimensions is not 2 or 3",
        "BAD_TYPE": "the data type is not supported",
        "BAD_RESCALE": "the rescale slope is 0 or not finite",
        "NOT_FINITE": "NaN or infinite voxels",
        "CONSTANT": "all voxels are equal",
        "TRUNCATED": "fewer bytes than declared",
        "CORRUPT": "the structure or the codestream is broken",
        "DAMAGED_PIXELS": "neighbouring pixels of a compressed image agree as little as those of noise",
        "NESTING": "DICOM sequences are nested too deep",
        "BOMB": "the input declares more than the limits allow",
        "UNITS": "the unit of length is unknown",
        "NO_ACCESS": "the file cannot be opened, or a link leaves the folder",
        "TIMEOUT": "reading ran past its time limit twice",
        "POISON": "the file killed its reading process twice",
        "TOO_LARGE": "larger than the memory budget",
        "GRID": "a mask is not on its image's grid",
        "NO_MASK": "the mask is empty, or missing where the model needs one",
        "OUTSIDE": "the lesion lies outside the image",
        "NO_REGION": "a lesion model was given a series without a lesion",
        "MODALITY": "the modality is not the one the model was trained on",
        "IMPLAUSIBLE": "dimension, intensities or covariates are unlike the training data",
        "NO_COVARIATE": "the model takes a covariate that is not given",
        "TRAINING_SUBJECT": "the subject had a part in the training of the package",
        "BAD_ROW": "the cells of a request's row do not say what is to be scored",
    }
)
"""Every refusal code with the rule it stands for. Docs and tests read this table."""


@dataclass(frozen=True)
class Refusal:
    """One refused input.

    `code` is a key of `CODES`; `where` names the file, folder or attribute; `found` and `expected`
    are the values that disagree; `next_step` is what the user can do.

    >>> Refusal("COLOUR", "a.dcm", "3 samples", "1", "convert it").sentence
    'COLOUR: colour where one channel is needed; found 3 samples, expected 1; convert it (a.dcm)'
    """

    code: str
    where: str
    found: str
    expected: str
    next_step: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code!r} is no refusal code; the list is medidense.values.refusal.CODES")

    @property
    def sentence(self) -> str:
        """One line, made from the fields: code, rule, both values, next step, place."""
        text = f"{self.code}: {CODES[self.code]}; found {self.found}, expected {self.expected}"
        return " ".join(f"{text}; {self.next_step} ({self.where})".split())


class Refused(MedidenseError):
    """Raised where one input was asked for and it is refused; `refusal` says why."""

    exit_code = 4

    def __init__(self, code: str, where: object, found: object, expected: object, next_step: str) -> None:
        self.refusal = Refusal(code, str(where), str(found), str(expected), next_step)
        super().__init__(self.refusal.where, CODES[code], found, next_step)
        self.args = (self.refusal.sentence,)

    @property
    def lines(self) -> tuple[str, ...]:
        """The refusal's sentence."""
        return (self.refusal.sentence,)
