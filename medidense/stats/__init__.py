"""Arrays in, numbers out: how good, how sure, and against what."""

from medidense.stats.baselines import BaselineScores, baseline_scores, figure_scores
from medidense.stats.calibration import out_of_fold_scores
from medidense.stats.choosing import best, inner_figure
from medidense.stats.control_verdicts import HiddenRows, background_result, not_run, shuffle_result
from medidense.stats.controls import (
    SHUFFLES,
    FoldFeatures,
    FoldScores,
    Truth,
    fold_area,
    fold_estimate,
    shuffle_estimate,
    shuffled_areas,
    shuffled_rows,
    true_scores,
)
from medidense.stats.decisions import Decisions, decide, decided_classes, decision_figures
from medidense.stats.deployment import Settled, decides_from, settled, short_of
from medidense.stats.evaluation import evaluate_predictions
from medidense.stats.external import FrozenFigures, evaluate_frozen
from medidense.stats.intervals import SubjectDraws, percentile_interval, subject_bootstrap, wilson
from medidense.stats.matching import matched_pairs, matched_subset
from medidense.stats.ranking import auprc, auroc, two_sided, weighted_auprc, weighted_auroc
from medidense.stats.regression import regression_scores
from medidense.stats.reliability import observed_expected
from medidense.stats.repeats import with_repeats
from medidense.stats.subgroups import subgroups
from medidense.stats.telling import HARDEST, hardest, surest_wrong
from medidense.stats.two_runs import compare_predictions

__all__ = [
    "HARDEST",
    "SHUFFLES",
    "BaselineScores",
    "Decisions",
    "FoldFeatures",
    "FoldScores",
    "FrozenFigures",
    "HiddenRows",
    "Settled",
    "SubjectDraws",
    "Truth",
    "auprc",
    "auroc",
    "background_result",
    "baseline_scores",
    "best",
    "compare_predictions",
    "decide",
    "decided_classes",
    "decides_from",
    "decision_figures",
    "evaluate_frozen",
    "evaluate_predictions",
    "figure_scores",
    "fold_area",
    "fold_estimate",
    "hardest",
    "inner_figure",
    "matched_pairs",
    "matched_subset",
    "not_run",
    "observed_expected",
    "out_of_fold_scores",
    "percentile_interval",
    "regression_scores",
    "settled",
    "short_of",
    "shuffle_estimate",
    "shuffle_result",
    "shuffled_areas",
    "shuffled_rows",
    "subgroups",
    "subject_bootstrap",
    "surest_wrong",
    "true_scores",
    "two_sided",
    "weighted_auprc",
    "weighted_auroc",
    "wilson",
    "with_repeats",
]
