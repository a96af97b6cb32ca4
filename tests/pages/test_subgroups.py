"""Parts of the subjects, and the pairs alike in size, as tables."""

from collections.abc import Callable
from dataclasses import replace

from medidense.pages import RunContents
from medidense.pages.subgroups import matched_section, subgroups_section
from medidense.values import Estimate, Matched, Subgroup

PAIRS = Matched(5, 9, 0.2, Estimate(0.61, 0.5, 0.7), Estimate(0.52, 0.4, 0.6))


def test_the_matched_rows_stand_beside_all_rows(made: Callable[..., RunContents]) -> None:
    contents = made()
    contents = replace(contents, evaluation=replace(contents.evaluation, matched=PAIRS))
    section = matched_section(contents)
    own, volume = contents.evaluation.auroc, contents.evaluation.baselines[0]
    assert volume.name == "volume alone"
    for left, right in ((own, PAIRS.auroc), (volume.auroc, PAIRS.volume_auroc)):
        assert f"<td>{left.text()}</td><td>{right.text()}</td>" in section
    assert "5 pairs of 9 subjects" in section
    nothing = replace(contents, evaluation=replace(contents.evaluation, matched=None))
    assert matched_section(nothing) == ""


def test_a_part_has_its_interval_or_why_it_has_none(made: Callable[..., RunContents]) -> None:
    parts = (
        Subgroup("sex", "F", 40, 31, {"b": 10, "m": 30}, Estimate(0.81, 0.7, 0.9)),
        Subgroup("sex", "M", 90, 80, {"b": 5, "m": 85}, Estimate(0.97, 0.93, 1.0), "Few subjects (5 of b)."),
        Subgroup("sex", "<b>", 3, 2, {"b": 1, "m": 2}, Estimate(None), "Under 30 subjects: counts alone."),
    )
    contents = made()
    section = subgroups_section(replace(contents, evaluation=replace(contents.evaluation, subgroups=parts)))
    assert "<td>31</td><td>b 10, m 30</td><td>0.810 (95% CI 0.700-0.900)</td>" in section
    assert '0.970 (95% CI 0.930-1.000) <span class="note">Few subjects (5 of b).</span>' in section
    assert "&lt;b&gt;" in section
    assert section.count("counts alone") == 1
    assert "not defined" not in section
    assert section.count("<td>sex</td>") == 1
    bare = replace(contents, evaluation=replace(contents.evaluation, subgroups=()))
    assert subgroups_section(bare) == ""
