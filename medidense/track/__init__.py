"""Results in MLflow: the only room that imports it, and it reads run directories only."""

from medidense.track import quiet  # noqa: F401  first, because it sets what MLflow reads when imported
from medidense.track.benchmarks import BenchmarkRecord, log_benchmark, trainings_record
from medidense.track.following import Follower, followed
from medidense.track.promoting import promote_run, promote_version
from medidense.track.pseudonyms import pseudonym, pseudonym_key
from medidense.track.registry import Promoted
from medidense.track.runs import Tracked, log_cross_validation, log_unfinished
from medidense.track.store import tracking_uri
from medidense.track.ui import serve_ui
from medidense.track.validations import log_validation

__all__ = [
    "BenchmarkRecord",
    "Follower",
    "Promoted",
    "Tracked",
    "followed",
    "log_benchmark",
    "log_cross_validation",
    "log_unfinished",
    "log_validation",
    "promote_run",
    "promote_version",
    "pseudonym",
    "pseudonym_key",
    "serve_ui",
    "tracking_uri",
    "trainings_record",
]
