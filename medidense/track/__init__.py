"""Cross-validations in MLflow: the only room that imports it, and it reads run directories only."""

from medidense.track import quiet  # noqa: F401  first, because it sets what MLflow reads when imported
from medidense.track.pseudonyms import pseudonym, pseudonym_key
from medidense.track.runs import Tracked, log_cross_validation
from medidense.track.store import tracking_uri
from medidense.track.ui import serve_ui

__all__ = [
    "Tracked",
    "log_cross_validation",
    "pseudonym",
    "pseudonym_key",
    "serve_ui",
    "tracking_uri",
]
