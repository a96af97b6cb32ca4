"""The list of refusal codes stays closed and true: an input of the table raises each code of a reader."""

from medidense.values import CODES
from tests.io.bad_inputs.table import TABLE

ELSEWHERE = {
    "TIMEOUT": "the guard: a worker that runs too long",
    "POISON": "the guard: a worker that dies",
    "TOO_LARGE": "the guard: an honest file over the memory budget, tests/io/test_guard.py",
    "GRID": "regions: a mask on another grid",
    "NO_MASK": "regions and scoring",
    "OUTSIDE": "regions and scoring",
    "NO_REGION": "scoring",
    "MODALITY": "scoring",
    "IMPLAUSIBLE": "scoring",
    "NO_COVARIATE": "scoring",
    "TRAINING_SUBJECT": "a package on another cohort: tests/verbs/test_external_validation.py",
    "BAD_ROW": "requests to a served model: tests/package/test_requests.py",
    "DAMAGED_PIXELS": "scoring: noise that was compressed",
    "NOT_PICKED": "a sound series, and a value that none of its stacks has: tests/io/dicom/test_stacks.py",
}
"""Codes that no single damaged file brings about, and who raises them."""


def test_every_code_of_a_reader_is_raised_by_a_row_of_the_table() -> None:
    """A case that allows one code proves it: the table's own test holds it to that code."""
    constant = {"CONSTANT"}  # raised by preparing, in the test of row 58
    proved = {case.codes[0] for row in TABLE for case in row.cases if len(case.codes) == 1}
    assert set(CODES) == (proved & set(CODES)) | set(ELSEWHERE) | constant


def test_codes_raised_elsewhere_are_not_in_the_table() -> None:
    named = {code for row in TABLE for case in row.cases for code in case.codes}
    assert named.isdisjoint(ELSEWHERE)
    assert set(ELSEWHERE) <= set(CODES)
