"""How far are scores the probabilities they look like?"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from medidense.stats.bounds import share_limits
from medidense.stats.calibrating import constant, fit_logistic, log_odds
from medidense.stats.decisions import Decisions
from medidense.stats.intervals import SubjectDraws, percentile_interval, wilson
from medidense.values import Estimate
from medidense.values.calibration import CalibrationFigures, ReliabilityBin

BINS = 10
STEPS = 2


def calibration_figures(decisions: Decisions, draws: SubjectDraws) -> CalibrationFigures:
    """Slope, intercept, ECE, Brier, log loss and bins of the scores; ECE has no interval.

    Slope and intercept as in Van Calster et al. 2019, BMC Med 17:230: the intercept is at slope 1
    (calibration in the large). ECE is over ten bins of equal width (Guo et al. 2017): of the positive class
    with two classes, of the highest score with more. It is a sum of gaps without their sign, larger in a draw
    than in the rows drawn from (on its bias: Roelofs et al. 2022, arXiv 2012.08668): a bootstrap's interval
    lies above the figure itself, and none is given.
    """
    two = decisions.classes == 2
    truth = decisions.label == decisions.positive
    score = decisions.scores[:, decisions.positive]
    if not two:
        top = decisions.scores.argmax(axis=1)
        truth, score = decisions.label == top, decisions.scores.max(axis=1)
    ones = np.ones((1, len(score)))
    error = Estimate(float(ece(truth, score, ones)[0]))
    found = draws.replicate(lambda w: np.stack([decisions.brier(w), decisions.log_loss(w)], axis=1))
    brier, log_loss = (
        Estimate(float(value[0]), *percentile_interval(found[:, column]))
        for column, value in enumerate((decisions.brier(ones), decisions.log_loss(ones)))
    )
    nothing = Estimate(None), Estimate(None)
    slope, intercept = slope_and_intercept(truth, score, draws) if two else nothing
    bins = reliability(truth, score, draws) if two else ()
    return CalibrationFigures(slope, intercept, error, brier, log_loss, bins)


def slope_and_intercept(
    truth: NDArray[np.bool_], score: NDArray[np.float64], draws: SubjectDraws
) -> tuple[Estimate, Estimate]:
    """Calibration slope, and the intercept at slope 1, of probabilities (N,).

    A draw's value is a Newton step or two from that of all rows, not a fit of its own (Davidson and MacKinnon
    1999, Int Econ Rev 40:487-508: few steps are enough, at a fraction of the time). No slope where the score
    parts the classes without error: it would be infinite; none where all scores are alike.
    """
    if truth.all() or not truth.any():
        return Estimate(None), Estimate(None)
    odds = log_odds(score)
    level = level_of(truth, odds)
    chance = expit(odds + level)
    moved = draws.replicate(lambda weights: level + _step(truth - chance, chance * (1 - chance), weights))
    intercept = Estimate(level, *percentile_interval(moved))
    apart = odds[truth].min() >= odds[~truth].max() or odds[truth].max() <= odds[~truth].min()
    if apart or constant(odds):
        return Estimate(None), intercept
    start = fit_logistic(odds, truth.astype(np.float64))
    found = draws.replicate(lambda weights: _slopes(odds, truth, weights, start))
    return Estimate(start[0], *percentile_interval(found)), intercept


def _step(
    gap: NDArray[np.float64], spread: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One Newton step (B,) of the intercept; NaN for a draw whose scores are all certain."""
    spread = weights @ spread
    return np.divide(weights @ gap, spread, out=np.full(len(spread), np.nan), where=spread > 0)


def _slopes(
    odds: NDArray[np.float64],
    truth: NDArray[np.bool_],
    weights: NDArray[np.float64],
    start: tuple[float, float],
) -> NDArray[np.float64]:
    """The slope (B,) of each draw, `STEPS` Newton steps from slope and intercept of all rows."""
    slope, shift = (np.full(len(weights), term) for term in start)
    for _ in range(STEPS):
        chance = expit(slope[:, None] * odds + shift[:, None])
        gap, spread = weights * (truth - chance), weights * chance * (1 - chance)
        up, along = gap.sum(axis=1), gap @ odds
        count, cross, square = spread.sum(axis=1), spread @ odds, spread @ odds**2
        bend = square * count - cross**2
        bend = np.where(bend > 0, bend, np.nan)
        slope = slope + (along * count - up * cross) / bend
        shift = shift + (up * square - along * cross) / bend
    return slope


def observed_expected(truth: NDArray[np.bool_], score: NDArray[np.float64], draws: SubjectDraws) -> Estimate:
    """Positives that there are over those that the probabilities (N,) add up to: 1 where both agree.

    Where there are none, no draw has any: the upper limit is then Wilson's of none in so many subjects.

    >>> draws = SubjectDraws.of(["a", "b"], 1, 0)
    >>> observed_expected(np.array([True, False]), np.array([0.6, 0.2]), draws).value
    1.25
    """

    def ratio(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        expected = weights @ score
        return np.divide(weights @ truth, expected, out=np.full(len(expected), np.nan), where=expected > 0)

    value = float(ratio(np.ones((1, len(truth))))[0])
    if np.isnan(value):
        return Estimate(None)
    if not truth.any():
        return Estimate(value, 0.0, _most(draws.subjects) / float(score.mean()))
    return Estimate(value, *percentile_interval(draws.replicate(ratio)))


def _most(subjects: int) -> float:
    """Upper limit of a share, where none of so many subjects has it."""
    return float(wilson(0, subjects)[1] or 0.0)


def level_of(truth: NDArray[np.bool_], odds: NDArray[np.float64]) -> float:
    """What must be added to log odds (N,) for them to add up to the truth, both sides of which are there."""
    reach = float(np.abs(odds).max()) + 30
    return float(brentq(lambda move: float((expit(odds + move) - truth).sum()), -reach, reach))


def _bin_of(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin (N,) of each score: from its lower end on, 1 in the last."""
    return np.minimum((score * BINS).astype(np.int64), BINS - 1)


def ece(
    truth: NDArray[np.bool_], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected calibration error (B,) for weights (B, N): mean gap of score and truth over the bins.

    >>> ece(np.array([True, False]), np.array([0.75, 0.72]), np.ones((1, 2))).round(3)
    array([0.235])
    """
    cells = np.zeros((len(score), BINS))
    cells[np.arange(len(score)), _bin_of(score)] = truth - score
    return np.asarray(np.abs(weights @ cells).sum(axis=1) / weights.sum(axis=1))


def reliability(
    truth: NDArray[np.bool_], score: NDArray[np.float64], draws: SubjectDraws
) -> tuple[ReliabilityBin, ...]:
    """The bins that hold a sample, with the interval of `share_limits`: Wilson's where subjects have one."""
    place, found = _bin_of(score), []
    for number in np.unique(place):
        inside = place == number
        hits, count = int(truth[inside].sum()), int(inside.sum())
        limits = share_limits(truth, inside, draws)
        found.append(
            ReliabilityBin(
                low=float(number) / BINS,
                high=float(number + 1) / BINS,
                samples=count,
                mean_score=float(score[inside].mean()),
                observed=Estimate(hits / count, *limits),
            )
        )
    return tuple(found)
