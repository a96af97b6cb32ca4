"""The MLflow page on loopback."""

from collections.abc import Callable
from pathlib import Path

from medidense.track import serve_ui, tracking_uri


def ui(
    *,
    port: int = 5000,
    told: Callable[[str], None] = lambda line: None,
    at: Callable[[str], None] = lambda server: None,
) -> None:
    """Serve the tracking store until stopped (Ctrl-C).

    `told` gets each line for people: links, how to stop; `at` the server's address before them. The store is
    the one that `cv` logs to from this folder: ``MLFLOW_TRACKING_URI`` or ``mlruns/mlflow.db``. Of a server
    that runs already the links are told, and nothing is served. Raises UsageError when the port is taken,
    WriteError where that server does not answer.
    """
    serve_ui(tracking_uri(Path.cwd()), port=port, told=told, at=at)
