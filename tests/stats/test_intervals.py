import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from medidense.stats import SubjectDraws, percentile_interval, subject_bootstrap, weighted_auroc, wilson
from medidense.stats.intervals import moving_interval


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=30), st.integers(1, 60), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_draws_take_whole_subjects_and_do_not_depend_on_the_pieces(
    subjects: list[str], draws: int, cells: int
) -> None:
    drawn = SubjectDraws.of(subjects, draws, seed=4)
    weights = np.concatenate(list(drawn.weights(cells)))
    assert np.array_equal(weights, np.concatenate(list(drawn.weights())))
    assert weights.shape == (draws, len(subjects))
    first = [subjects.index(name) for name in sorted(set(subjects))]
    assert (weights[:, first].sum(axis=1) == len(first)).all()
    for name in set(subjects):
        rows = [row for row, own in enumerate(subjects) if own == name]
        assert (weights[:, rows] == weights[:, rows[:1]]).all()


def test_pieces_stay_small_whatever_the_number_of_draws() -> None:
    drawn = SubjectDraws.of([str(index) for index in range(5000)], 2000, seed=0)
    assert max(len(piece) for piece in drawn.weights()) * 5000 <= 1 << 20


def test_the_same_draws_come_again_and_another_seed_gives_others() -> None:
    names = [str(index % 17) for index in range(40)]
    first, again, other = (
        np.concatenate(list(SubjectDraws.of(names, 50, seed).weights())) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_replicate_is_scikit_learns_figure_of_the_resampled_rows() -> None:
    generator = np.random.default_rng(0)
    names = [f"s{index // 2}" for index in range(60)]
    truth = generator.random(60) < 0.4
    score = np.round(truth + generator.normal(0, 1.2, 60), 1)
    drawn = SubjectDraws.of(names, 200, seed=5)
    fast = drawn.replicate(lambda weights: weighted_auroc(truth, score, weights))
    slow = []
    for weights in np.concatenate(list(drawn.weights())):
        rows = np.repeat(np.arange(60), weights.astype(int))
        slow.append(roc_auc_score(truth[rows], score[rows]))
    assert fast == pytest.approx(slow, abs=1e-12)
    found = subject_bootstrap(lambda weights: weighted_auroc(truth, score, weights), drawn)
    assert found == pytest.approx(tuple(np.percentile(slow, [2.5, 97.5])))


def test_images_of_one_subject_do_not_narrow_the_interval() -> None:
    generator = np.random.default_rng(1)
    truth, score = generator.random(60) < 0.5, generator.normal(size=60)

    def width(copies: int, shared: bool) -> float:
        names = [f"{index}" if shared else f"{index}-{copy}" for index in range(60) for copy in range(copies)]
        many, scores = np.repeat(truth, copies), np.repeat(score, copies)
        low, high = subject_bootstrap(
            lambda w: weighted_auroc(many, scores, w), SubjectDraws.of(names, 800, 2)
        )
        assert low is not None
        assert high is not None
        return high - low

    assert width(4, shared=True) == pytest.approx(width(1, shared=True), rel=0.1)
    assert width(4, shared=False) < 0.7 * width(1, shared=True)


def test_the_interval_covers_the_truth_about_95_times_in_100() -> None:
    generator, covered = np.random.default_rng(6), 0
    for trial in range(200):
        values = generator.normal(size=80)
        drawn = SubjectDraws.of([str(index) for index in range(80)], 300, trial)
        low, high = subject_bootstrap(lambda w, v=values: w @ v / w.sum(axis=1), drawn)  # type: ignore[misc]
        covered += low < 0 < high
    assert 180 <= covered <= 199


def test_undefined_draws_are_left_out_and_too_many_give_no_interval() -> None:
    values = np.concatenate([np.full(9, np.nan), np.arange(91.0)])
    assert percentile_interval(values) == pytest.approx((2.25, 87.75))
    assert percentile_interval(np.concatenate([np.full(11, np.nan), np.arange(89.0)])) == (None, None)
    assert percentile_interval(np.array([])) == (None, None)


@given(st.integers(1, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_wilson_is_the_score_interval(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    z = norm.ppf(0.975)
    share = hits / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2))
    assert wilson(hits, total) == pytest.approx((max(0, centre - half), min(1, centre + half)), abs=1e-9)


def test_wilson_without_cases_has_no_interval() -> None:
    assert wilson(0, 0) == (None, None)


def test_draws_that_agree_give_no_interval() -> None:
    assert moving_interval(np.full(200, 1.0)) == (None, None)
    assert moving_interval(np.array([1.0] * 100 + [1 - 1e-15] * 99 + [np.nan])) == (None, None)
    assert moving_interval(np.array([1.0] * 199 + [0.9])) == (1.0, 1.0)
    assert moving_interval(np.full(200, np.nan)) == (None, None)
