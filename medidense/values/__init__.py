"""The things that flow through medidense: frozen, and valid once built.

This floor knows no files, no torch and no mlflow.
"""

from medidense.values.catalogue import Entry
from medidense.values.cohort import Cohort, Sample
from medidense.values.evaluation import Baseline, Estimate, Evaluation, FoldResult
from medidense.values.fold import Fold, Splits
from medidense.values.limits import LIMITS, Limits
from medidense.values.manifest import Manifest, Span, TrainingFacts
from medidense.values.predictions import Predictions, SampleFacts
from medidense.values.reading import ReadOptions
from medidense.values.recipe import Recipe, parse_recipe, recipe_keys
from medidense.values.records import EpochRecord, Record, StepRecord
from medidense.values.refusal import CODES, Refusal, Refused
from medidense.values.region import Marker, Region
from medidense.values.score import Prediction, Score
from medidense.values.start import StartReport, TensorFate
from medidense.values.volume import Source, Volume, canonical, cropped

__all__ = [
    "CODES",
    "LIMITS",
    "Baseline",
    "Cohort",
    "Entry",
    "EpochRecord",
    "Estimate",
    "Evaluation",
    "Fold",
    "FoldResult",
    "Limits",
    "Manifest",
    "Marker",
    "Prediction",
    "Predictions",
    "ReadOptions",
    "Recipe",
    "Record",
    "Refusal",
    "Refused",
    "Region",
    "Sample",
    "SampleFacts",
    "Score",
    "Source",
    "Span",
    "Splits",
    "StartReport",
    "StepRecord",
    "TensorFate",
    "TrainingFacts",
    "Volume",
    "canonical",
    "cropped",
    "parse_recipe",
    "recipe_keys",
]
