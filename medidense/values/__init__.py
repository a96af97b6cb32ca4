"""The things that flow through medidense: frozen, and valid once built.

This floor knows no files, no torch and no mlflow.
"""

from medidense.values.calibration import Calibration, calibrate, possible
from medidense.values.catalogue import Entry
from medidense.values.cohort import Cohort, Sample
from medidense.values.comparison import Comparison, McNemar
from medidense.values.control import BACKGROUND, LABEL_SHUFFLE, ControlResult, Outcome
from medidense.values.covariates import CovariateEncoding, Covariates
from medidense.values.deciding import APART, NOTHING, decision, middle_grade
from medidense.values.estimate import Estimate
from medidense.values.evaluation import Baseline, Evaluation, FoldResult, LabelResult, RepeatSpread
from medidense.values.fold import Fold, Splits
from medidense.values.labels import Kind
from medidense.values.leak import Crossing, Leak, Leakage
from medidense.values.limits import LIMITS, Limits, parse_limits
from medidense.values.manifest import Manifest, NamedPoint, SetRule, Span, TrainingFacts
from medidense.values.matched import Matched
from medidense.values.per_subject import PerSubject
from medidense.values.predictions import Predictions, SampleFacts
from medidense.values.reading import ReadOptions
from medidense.values.recipe import Recipe, parse_recipe, recipe_keys
from medidense.values.records import EpochRecord, Record, ShrunkRecord, StepRecord
from medidense.values.refusal import CODES, Refusal, Refused
from medidense.values.region import Marker, Region
from medidense.values.remedies import REMEDIES
from medidense.values.sanity import Sanity
from medidense.values.score import Prediction, Score
from medidense.values.separation import Separation
from medidense.values.split_plan import SplitPlan
from medidense.values.start import StartReport, TensorFate
from medidense.values.subgroup import TYPED, UNKNOWN_GROUP, Subgroup, public_groups, public_subgroups
from medidense.values.training_state import TrainingState
from medidense.values.volume import Source, Volume, canonical, cropped

__all__ = [
    "APART",
    "BACKGROUND",
    "CODES",
    "LABEL_SHUFFLE",
    "LIMITS",
    "NOTHING",
    "REMEDIES",
    "TYPED",
    "UNKNOWN_GROUP",
    "Baseline",
    "Calibration",
    "Cohort",
    "Comparison",
    "ControlResult",
    "CovariateEncoding",
    "Covariates",
    "Crossing",
    "Entry",
    "EpochRecord",
    "Estimate",
    "Evaluation",
    "Fold",
    "FoldResult",
    "Kind",
    "LabelResult",
    "Leak",
    "Leakage",
    "Limits",
    "Manifest",
    "Marker",
    "Matched",
    "McNemar",
    "NamedPoint",
    "Outcome",
    "PerSubject",
    "Prediction",
    "Predictions",
    "ReadOptions",
    "Recipe",
    "Record",
    "Refusal",
    "Refused",
    "Region",
    "RepeatSpread",
    "Sample",
    "SampleFacts",
    "Sanity",
    "Score",
    "Separation",
    "SetRule",
    "ShrunkRecord",
    "Source",
    "Span",
    "SplitPlan",
    "Splits",
    "StartReport",
    "StepRecord",
    "Subgroup",
    "TensorFate",
    "TrainingFacts",
    "TrainingState",
    "Volume",
    "calibrate",
    "canonical",
    "cropped",
    "decision",
    "middle_grade",
    "parse_limits",
    "parse_recipe",
    "possible",
    "public_groups",
    "public_subgroups",
    "recipe_keys",
]
