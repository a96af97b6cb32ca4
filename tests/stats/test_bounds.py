"""Intervals of figures that no draw of subjects moves."""

import numpy as np
import pytest
from scipy.stats import norm

from medidense.stats import SubjectDraws, subject_bootstrap, wilson
from medidense.stats.bounds import area_limits, macro_area_limits, share_limits


def drawn(rows: int, each: int = 1) -> SubjectDraws:
    return SubjectDraws.of([f"{row // each:03d}" for row in range(rows)], 300, 0)


def test_a_share_is_wilsons_where_a_subject_is_a_row() -> None:
    hit, among = np.arange(20) < 9, np.arange(20) < 12
    assert share_limits(hit, among, drawn(20)) == wilson(9, 12)
    assert share_limits(hit, among & False, drawn(20)) == (None, None)


def test_subjects_with_several_rows_are_drawn_and_counted_once_where_no_draw_moves() -> None:
    hit, among, draws = np.arange(24) < 10, np.arange(24) < 18, drawn(24, each=3)
    low, high = share_limits(hit, among, draws)
    among_drawn = subject_bootstrap(lambda w: w @ (hit & among) / (w @ among), draws)
    assert (low, high) == among_drawn
    assert share_limits(hit, among, draws, np.array([0.25, 0.75] * 20)) == (0.25, 0.75)
    assert share_limits(hit, np.arange(24) < 9, draws) == wilson(3, 3)
    assert share_limits(~hit, np.arange(24) < 7, draws) == wilson(0, 3)
    assert share_limits(hit, hit & False, draws) == (None, None)


@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (3, 8), (15, 21), (300, 40)])
def test_an_areas_limit_solves_newcombes_equation(positives: int, negatives: int) -> None:
    """2006, Stat Med 25:559-573, method 5: (estimate - t)^2 = z^2 V(t)."""
    low, high = area_limits(1.0, positives, negatives)
    k = (positives + negatives) / 2 - 1
    spread = low * (1 - low) * (1 + k * (1 - low) / (2 - low) + k * low / (1 + low))
    assert (1 - low) ** 2 == pytest.approx(norm.ppf(0.975) ** 2 * spread / (positives * negatives))
    assert high == 1.0
    assert area_limits(0.0, positives, negatives) == pytest.approx((0.0, 1 - low))
    assert area_limits(1.0, negatives, positives) == pytest.approx((low, 1.0))


def test_one_of_each_side_is_wilsons_of_one_pair() -> None:
    assert area_limits(1.0, 1, 1) == pytest.approx(wilson(1, 1))


@pytest.mark.parametrize(("positives", "negatives"), [(5, 5), (6, 30), (30, 6), (15, 21)])
def test_so_clean_an_area_is_rare_below_its_limit(positives: int, negatives: int) -> None:
    """At the lower limit itself normal scores part without error in at most 2.5 % of cohorts."""
    low, _ = area_limits(1.0, positives, negatives)
    generator = np.random.default_rng(0)
    above = generator.normal(norm.ppf(low) * np.sqrt(2), 1, (20000, positives))
    below = generator.normal(0, 1, (20000, negatives))
    assert (above.min(axis=1) > below.max(axis=1)).mean() <= 0.026


def test_a_mean_over_parts_is_surer_than_each_and_less_than_all_as_one() -> None:
    one, parts, whole = (area_limits(1.0, *sides)[0] for sides in ((8, 8), ([8] * 3, [8] * 3), (24, 24)))
    assert one < parts < whole
    assert area_limits(1.0, [8], [8])[0] == one
    generator = np.random.default_rng(0)
    above = generator.normal(norm.ppf(parts) * np.sqrt(2), 1, (20000, 3, 8))
    below = generator.normal(0, 1, (20000, 3, 8))
    assert (above.min(axis=2) > below.max(axis=2)).all(axis=1).mean() <= 0.026


def test_a_part_without_both_kinds_of_a_label_is_left_out_of_it() -> None:
    first = np.array([[1, 1], [0, 0], [1, 0], [0, -1]])
    second = np.array([[1, 1], [1, 0], [1, 0]])
    parts = [(first, np.arange(4)), (second, np.array(["a", "b", "b"]))]
    low, high = macro_area_limits(1.0, parts, (0, 1))
    assert macro_area_limits(1.0, parts[1:], (0, 1)) == pytest.approx(area_limits(1.0, 1, 1))
    assert low == pytest.approx((area_limits(1.0, 2, 2)[0] + area_limits(1.0, [1, 1], [2, 1])[0]) / 2)
    assert high == 1.0
