"""A cohort's rows matched in size, in a table of the same columns."""

from pathlib import Path

import numpy as np
import pytest

from medidense import verbs
from medidense.cohort import read_cohort
from medidense.errors import OutputExistsError, UsageError
from medidense.phantoms import PhantomOptions, write_cohort


def test_rows_are_written_as_typed_and_hold(tmp_path: Path) -> None:
    cohort = write_cohort(tmp_path / "phantoms", PhantomOptions(subjects=8, seed=3))
    out = cohort.parent / "matched.csv"
    result = verbs.match(cohort, out=out, caliper=0.5)
    lines, all_lines = out.read_text().splitlines(), cohort.read_text().splitlines()
    assert lines[0] == all_lines[0]
    assert set(lines) <= set(all_lines)
    table = read_cohort(out)
    counts = set(table.class_counts().values())
    assert counts == {result.pairs}
    assert result.samples == 2 * result.pairs == len(table.samples)
    one, other = result.after.values()
    assert abs(np.log(one / other)) < 0.5
    with pytest.raises(OutputExistsError):
        verbs.match(cohort, out=out)
    with pytest.raises(UsageError, match="relative"):
        verbs.match(cohort, out=tmp_path / "elsewhere.csv")
    with pytest.raises(UsageError, match="--on"):
        verbs.match(cohort, out=cohort.parent / "b.csv", on="age")
    with pytest.raises(OutputExistsError):
        verbs.match(cohort, out=cohort, overwrite=True)
