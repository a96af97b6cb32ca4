"""A cohort that holds, in figures; one that does not, in lines."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medidense import verbs
from medidense.errors import CohortError, OutputExistsError, UsageError
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


def test_where_patients_are_not_known_copies_make_one_subject(tmp_path: Path) -> None:
    noise = [np.random.default_rng(seed).integers(0, 256, (12, 16), dtype=np.uint8) for seed in range(3)]
    for name, pixels in zip("abcde", [noise[0], noise[0], noise[1], noise[2], noise[2]], strict=True):
        Image.fromarray(pixels).resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / f"{name}.png")
    table, out = tmp_path / "c.csv", tmp_path / "joined.csv"
    table.write_text(
        'subject_id,image,note,label\n9,a.png,"x, y",0\n2,b.png,,0\n3,c.png,,1\n4,d.png,,0\n5,e.png,,1\n'
    )
    with pytest.raises(CohortError):
        verbs.check(table)
    steps: list[tuple[str, int]] = []
    result = verbs.check(table, join=out, progress=lambda step, done, *_: steps.append((step, done)))
    assert [steps.count(("check images", done)) for done in (3, 5)] == [1, 1]  # each image is decoded once
    assert out.read_text() == 'subject_id,image,note,label\n2,a.png,"x, y",0\n2,b.png,,0\n3,c.png,,1\n'
    assert (result.subjects, result.samples, result.joined) == (2, 3, str(out))
    with pytest.raises(OutputExistsError):
        verbs.check(table, join=out)
    with pytest.raises(UsageError, match="relative"):
        verbs.check(table, join=tmp_path / "else" / "joined.csv")
