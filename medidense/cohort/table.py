"""Does a cohort CSV hold, and what is in it?"""

from pathlib import Path

from medidense.cohort.agreement import Finding, disagreements
from medidense.cohort.columns import column_problems, parse_row
from medidense.errors import CohortError
from medidense.io import read_table
from medidense.values import Cohort


def read_cohort(path: Path, *, unlabelled: bool = False, classes_known: bool = False) -> Cohort:
    """Read and check the table of a cohort; no image is opened.

    `path` is a comma-separated UTF-8 file with a header: ``subject_id``, ``image`` and ``label`` (or, for
    several labels at once, columns ``label_<name>`` of 1, 0 and nothing), and any of
    ``mask``, ``x_mm``, ``y_mm``, ``z_mm``, ``diameter_mm``, ``frame``, ``series_uid``, ``lesion_id``,
    ``site``, ``split``, ``spacing``; other columns are carried along in `Sample.extra`. Blanks around cells
    are dropped, IDs stay text. A mask wins over a point; points become RAS+ millimetres. With `unlabelled`
    the label may be empty in some rows: those are for training alone. With `classes_known` the table may show
    one class alone, or one in a single row: it is for a model that knows its classes.

    Raises CohortError with every problem of every row, in the order of the rows: a line each with the file,
    the row (the header is row 1), the rule and the cell as typed.
    """
    path = Path(path)
    table = read_table(path)
    findings: list[Finding] = [(1, problem) for problem in column_problems(str(path), table.columns)]
    folder = path.parent.resolve()
    rows = [parse_row(str(path), folder, row.line, row.cells, unlabelled=unlabelled) for row in table.rows]
    findings += [(row.line, problem) for row in rows for problem in row.problems]
    findings += disagreements(str(path), rows, classes_known=classes_known)
    if findings:
        raise CohortError.several([problem for _, problem in sorted(findings, key=lambda item: item[0])])
    return Cohort(name=path.stem, samples=tuple(row.sample for row in rows if row.sample is not None))


def cohort_digest(path: Path) -> str | None:
    """`Cohort.digest` of a table as it stands now, whether or not its images are still there.

    None where its rows make no cohort any more. Raises CohortError where it cannot be read as a table.
    """
    path = Path(path)
    folder = path.parent.resolve()
    rows = [parse_row(str(path), folder, row.line, row.cells) for row in read_table(path).rows]
    try:
        return Cohort(path.stem, tuple(row.sample for row in rows if row.sample is not None)).digest
    except ValueError:
        return None
