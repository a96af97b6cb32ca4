"""A tracking server on a real socket that can be away, refuse, hang, and come back."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

HANG_S = 60.0


class TroubledServer:
    """MLflow's own REST service over a SQLite store, in a thread of this process.

    `mode` is ``well``, ``503`` or ``hang`` (it accepts and never answers); `stop` refuses connections.
    `fails_after` counts the calls that still go well before ``503``.
    """

    def __init__(self, store: Path, artifacts: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("_MLFLOW_SERVER_FILE_STORE", f"sqlite:///{store}")
        patch.setenv("_MLFLOW_SERVER_REGISTRY_STORE", f"sqlite:///{store}")
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", "mlflow-artifacts:/")
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", artifacts.as_uri())
        patch.setenv("_MLFLOW_SERVER_SERVE_ARTIFACTS", "true")
        from mlflow.server import app, handlers

        patch.setattr(handlers.utils, "set_tracking_uri", lambda uri: None)  # the client lives here too
        for name in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
            patch.setattr(handlers, name, None)
        self._app: Callable[..., Iterable[bytes]] = app.wsgi_app
        self.mode, self.calls, self.fails_after = "well", 0, -1
        self._released = threading.Event()
        self._server: BaseWSGIServer | None = None
        self._port = 0
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._released.clear()
        self._server = make_server("127.0.0.1", self._port, self._answer, threaded=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def recover(self) -> None:
        """Well again, for those too who still wait for an answer."""
        self.mode = "well"
        self._released.set()
        self._released = threading.Event()
        if self._server is None:
            self.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls += 1
        if self.fails_after == 0:
            self.mode = "503"
        self.fails_after -= 1
        if self.mode == "hang":
            self._released.wait(HANG_S)
        if self.mode != "well":
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"away"]
        if environ["PATH_INFO"] == "/health":
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"OK"]
        return self._app(environ, start)


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for it; fails when it does not come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
