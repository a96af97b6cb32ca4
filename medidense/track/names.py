"""Under which name does each thing stand in MLflow? Nothing in this room spells one anywhere else."""

import hashlib
import re
from collections.abc import Sequence

# tags of runs
KIND = "medidense.kind"
UID = "medidense.uid"
FOLD = "medidense.fold"
VERSION = "medidense.version"
PROCESS = "medidense.process"
CV_OF = "medidense.cv"
"""On a fold: which cross-validation it belongs to, in words that tell two of them apart."""
HEADLINE = "oof.auroc"
FLOOR = "oof.floor"
"""What the network must beat, and by how much it does."""
SANITY = "medidense.sanity"
PARENT = "mlflow.parentRunId"
USER = "mlflow.user"
SOURCE = "mlflow.source.name"
NOTE = "mlflow.note.content"
VERSIONS_TAG = "mlflow.modelVersions"
TABLES_TAG = "mlflow.loggedArtifacts"

RUNNING, FINISHED, FAILED = "RUNNING", "FINISHED", "FAILED"
STATUS = {"at work": RUNNING, "stopped": "SCHEDULED", "failed": FAILED, "killed": "KILLED"}
"""MLflow's word for each state of a journal; SCHEDULED is a run that waits to be gone on with."""

CV = "cv"
ONE_FOLD = "fold"
EXTERNAL_VALIDATION = "external-validation"
"""Kinds of runs. A package elsewhere is of its own kind: no view of cross-validations shows it."""
EXTERNAL_HEADLINE = "external.auroc"
WEIGHTS = "medidense.weights"
"""On a logged model: by which weights it scores. A package of the same weights is the same model."""

# tags of experiments
EXPERIMENT_KIND = "mlflow.experimentKind"
TRAINING_KIND = "custom_model_development"
LEADERBOARD = "leaderboard"
FOLD_CURVES = "folds"
ELSEWHERE = "external"
VIEW = "mlflow.sharedViewState."
"""What the tag of a saved view begins with."""
LEADERBOARD_TAG = VIEW + LEADERBOARD
FOLD_CURVES_TAG = VIEW + FOLD_CURVES
ELSEWHERE_TAG = VIEW + ELSEWHERE

ANYBODY = "research"
"""What stands where MLflow would put the login name."""

# metrics of a fold, by epoch
LOSS = "train/loss"
VALIDATION_LOSS = "val/loss"
LEARNING_RATE = "lr"
EPOCH_SECONDS = "time/epoch_s"

# metrics of a cross-validation, and of a package elsewhere under another first word
OOF, EXTERNAL = "oof", "external"
AUROC = "oof/auroc"
FOLD_MEAN = "oof/auroc_fold_mean"
BY_SUBJECT = ("auroc", "auprc", "sensitivity", "specificity")
PATIENTS = "oof/n_patients"
LESIONS = "oof/n_lesions"
FOLD_AUROC = "test/auroc"
FOLD_PATIENTS = "test/n_patients"
FOLD_LESIONS = "test/n_lesions"
LOW, HIGH = "_low", "_high"
CALIBRATION = ("slope", "intercept", "ece")
SETS = ("coverage", "single", "single_right")
FROZEN = "frozen"
"""What an evaluation of a package calls scores that are calibrated as it does it."""

# metrics of a package elsewhere alone
MINUS_TRAINING = "external_minus_training/auroc"
OBSERVED_EXPECTED = "external_calibration/observed_expected"
REFUSED = "external/n_rows_refused"
UNLABELLED = "external/n_rows_unlabelled"

# metrics and a tag of a benchmark
BENCH_ACCURACY = "test/accuracy"
BENCH_ERROR = "test/error"
BENCH_SPREAD = "test/accuracy_sd"
BENCH_SEED_ACCURACY = "test/accuracy_by_seed"
BENCH_CURVE = "test/accuracy_by_epoch"
BENCH_SPEED = "time/images_per_s"
BENCH_SECONDS = "time/train_s"
BENCH_PASSED = "medidense.passed"
BENCH_RESULT = "medidense.result"
"""Which result of a benchmark's folder a run holds, as the start of its digest."""

PARAMS = ("network.name", "input.dims", "training.epochs")
"""Recipe keys that are parameters of a run, beside those set by hand: a card of the image grid begins with
all parameters, and behind every key of a recipe its picture is out of sight (MLflow 3.17)."""

# artifacts
FIGURES = "figures"
SALIENCY = "saliency"
IMAGES = "gradcam"
"""Image keys: MLflow sorts its sections by letter, and this one comes before the many figures of oof."""
IMAGE_FOLDER = "images"
"""Where MLflow puts them; the small copy, .webp, is written last."""
RECIPE = "recipe.yaml"
REPORT = "report"
SPLITS = "tables/splits.csv"
PREDICTIONS_JSON = "tables/oof_predictions.json"
PREDICTIONS_CSV = "tables/oof_predictions.csv"
EVALUATION = "tables/evaluation.json"
EXTERNAL_JSON = "tables/external_predictions.json"
EXTERNAL_CSV = "tables/external_predictions.csv"
MODEL = "model"
CHALLENGER, CHAMPION = "challenger", "champion"
"""Aliases of a registered model: the newest version, and the one that somebody chose."""
VERSION_AUROC = "auroc"
"""Tag of a version; the column of the registry's page cuts a longer name's interval off."""
DATASET_DIGEST = 32
"""Hex digits of a cohort's digest that MLflow takes."""
DATASET_CONTEXT, EXTERNAL_CONTEXT = "cross-validation", "external validation"


def experiment(cohort: str, digest: str) -> str:
    """The experiment of a cohort: its name and the start of its digest, so that its results can be compared.

    >>> experiment("lung", "1a2b3c4d")
    'lung-1a2b3c'
    """
    return f"{cohort}-{digest[:6]}"


def pooled(figure: str, of: str = OOF) -> str:
    """The metric that holds a figure of all scores `of` a cross-validation or of a package elsewhere.

    >>> pooled("sensitivity"), pooled("sensitivity", EXTERNAL)
    ('oof/sensitivity', 'external/sensitivity')
    """
    return f"{of}/{figure}"


def matched(figure: str, of: str = OOF) -> str:
    """The metric that holds a figure of the rows matched in size.

    >>> matched("auroc")
    'oof_matched/auroc'
    """
    return f"{of}_matched/{figure}"


def by_subject(figure: str, of: str = OOF) -> str:
    """The metric that holds a figure with a subject as a row.

    >>> by_subject("auroc")
    'oof_subject/auroc'
    """
    return f"{of}_subject/{figure}"


def calibration(part: str, figure: str, of: str = OOF) -> str:
    """The metric that holds how far raw or calibrated scores are probabilities.

    >>> calibration("raw", "slope")
    'oof_calibration/raw_slope'
    """
    return f"{of}_calibration/{part}_{figure}"


def prediction_sets(figure: str, of: str = OOF) -> str:
    """The metric that holds a share of the prediction sets.

    >>> prediction_sets("coverage")
    'oof_sets/coverage'
    """
    return f"{of}_sets/{figure}"


def of_label(name: str, figure: str, among: Sequence[str] = (), of: str = OOF) -> str:
    """The metric that holds a figure of one of several labels; MLflow's names take few other signs.

    A label that would then be written like another one of `among` gets four digits of its own.

    >>> of_label("pleural effusion", "auroc")
    'oof_label/pleural_effusion/auroc'
    >>> of_label("T+", "auroc", ["T+", "T-"]), of_label("T?", "auroc", ["T+", "T?"])
    ('oof_label/T_/auroc', 'oof_label/T_.07a5/auroc')
    """
    written = _written(name)
    if any(other != name and _written(other).casefold() == written.casefold() for other in among):
        written += "." + hashlib.sha256(name.encode()).hexdigest()[:4]
    return f"{of}_label/{written}/{figure}"


def _written(name: str) -> str:
    return re.sub(r"[^0-9A-Za-z_.-]", "_", name)


def control(title: str) -> str:
    """The metric that holds what a control reaches.

    >>> control("background only, retrained")
    'oof_control/background_only_retrained'
    """
    return f"oof_control/{re.sub(r'[^a-z]+', '_', title)}"


def baseline(name: str, of: str = OOF) -> str:
    """The metric that holds a baseline's AUROC.

    >>> baseline("volume alone")
    'oof_baseline/volume_alone'
    """
    return f"{of}_baseline/{name.replace(' ', '_')}"
