"""How a network's scores are made: in one way only, whoever asks."""

from medidense.predict.layout import arrange, arranged, channels_last
from medidense.predict.scores import predict_scores
from medidense.predict.threads import count_threads, limit_threads

__all__ = ["arrange", "arranged", "channels_last", "count_threads", "limit_threads", "predict_scores"]
