"""A cohort that holds, in figures; one that does not, in lines."""

from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import CohortError
from tests.verbs.conftest import World


def test_the_figures_of_a_sound_cohort(here: World) -> None:
    result = verbs.check(here.cohort)
    assert result.subjects == 8
    assert result.samples == sum(result.class_counts.values())
    assert (result.region, result.dims, result.modality) == ("lesion", 3, "CT")
    assert any("below 30" in note for note in result.notes)


def test_problems_of_table_rows_come_together(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("subject_id,image,label\n,a.png,0\nS2,none.png,1\n")
    with pytest.raises(CohortError) as caught:
        verbs.check(tmp_path / "c.csv")
    assert len(caught.value.lines) >= 2
    assert any("row 2" in line for line in caught.value.lines)
    assert any("none.png" in line for line in caught.value.lines)
