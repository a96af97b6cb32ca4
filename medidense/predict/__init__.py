"""How a network's scores are made: in one way only, whoever asks."""

from medidense.predict.example import Example
from medidense.predict.layout import arrange, arranged, channels_last
from medidense.predict.recording import SETTLING, Compute, Recorded
from medidense.predict.scores import pooled_features, predict_scores
from medidense.predict.threads import count_threads, limit_threads

__all__ = [
    "SETTLING",
    "Compute",
    "Example",
    "Recorded",
    "arrange",
    "arranged",
    "channels_last",
    "count_threads",
    "limit_threads",
    "pooled_features",
    "predict_scores",
]
