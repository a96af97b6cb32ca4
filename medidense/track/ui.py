"""How is the MLflow page opened on this machine, lean, on loopback, where a reviewer should land?"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from medidense.errors import MedidenseError, UsageError, WriteError
from medidense.track import names
from medidense.track.opening import without_password
from medidense.track.quiet import QUIET, STORE_ERRORS, client_of
from medidense.track.reaching import require_answer
from medidense.track.store import sqlite_folder
from medidense.track.store_errors import sentence
from medidense.track.views import elsewhere_link, fold_curves_link, leaderboard_link

READING = "If MLflow opens on GenAI, click Model training once."

LOOPBACK = "127.0.0.1"
PATIENCE = 90.0
"""Seconds that the server may take to answer; 4 s on an idle machine."""


def serve_ui(
    uri: str,
    *,
    port: int = 5000,
    told: Callable[[str], None] = lambda line: None,
    at: Callable[[str], None] = lambda server: None,
) -> None:
    """Serve the SQLite store `uri` on loopback until Ctrl-C.

    `told` gets each line for people, `at` the server's address before them.

    Where `uri` is a server already the links are those to it, and nothing is served. Raises UsageError when
    the port is taken, MedidenseError when the server does not start, WriteError when the one at `uri` does
    not answer.
    """
    if sqlite_folder(uri) is None:
        said = server_lines(uri)
        at(without_password(uri))
        for line in said:
            told(line)
        return
    with serving(uri, port=port) as (server, process):
        at(server)
        for line in lines(uri, server):
            told(line)
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()


@contextlib.contextmanager
def serving(uri: str, *, port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that answers, ended with the block: its address and its process. Raises as `serve_ui`."""
    folder = sqlite_folder(uri)
    if folder is None:
        raise UsageError("MLFLOW_TRACKING_URI", "is a server already", "", "open its address in a browser")
    _require_free(port)
    server = f"http://{LOOPBACK}:{port}"
    with tempfile.TemporaryFile() as log:
        process = _start(uri, folder, port, log)
        try:
            _wait(server, process, log)
            yield server, process
        finally:
            _stop(process)


def lines(uri: str, server: str) -> list[str]:
    """Links to the leaderboards and fold curves of this store, then how to read the page and how to stop."""
    return [*_links(uri, server), READING, "Ctrl-C stops the server."]


def server_lines(uri: str) -> list[str]:
    """The same for a server that runs already. Raises WriteError where it does not answer."""
    server = without_password(uri)
    try:
        require_answer(uri)
        return [*_links(uri, server), READING]
    except STORE_ERRORS as error:
        step = "start it, or correct or unset MLFLOW_TRACKING_URI"
        raise WriteError(server, "the MLflow server does not answer", sentence(error), step) from None


def _links(uri: str, server: str) -> list[str]:
    found = []
    for experiment in client_of(uri).search_experiments():
        if names.LEADERBOARD_TAG in experiment.tags:
            found.append(f"{experiment.name}: {leaderboard_link(server, experiment.experiment_id)}")
        if names.FOLD_CURVES_TAG in experiment.tags:
            found.append(f"  fold curves: {fold_curves_link(server, experiment.experiment_id)}")
        if names.ELSEWHERE_TAG in experiment.tags:
            found.append(f"  external validation: {elsewhere_link(server, experiment.experiment_id)}")
    return found or [f"no cross-validation is logged here yet: {server}/?workflowType=machine_learning"]


def _require_free(port: int) -> None:
    """Raise UsageError where something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            step = "choose another with --port"
            raise UsageError(f"port {port}", "cannot be used", error, step) from None


def _start(uri: str, folder: Path, port: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """MLflow's server with one worker and without its job queues: 2 processes instead of 15."""
    lean = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", LOOPBACK]
    command += ["--port", str(port), "--backend-store-uri", uri]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=QUIET | lean | dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _wait(server: str, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    """Until the server answers. Raises MedidenseError when it ends or stays silent."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if _answers(server):
            return
        time.sleep(0.2)
    log.seek(0)
    said = log.read().decode(errors="replace").strip().splitlines() or ["nothing"]
    raise MedidenseError("mlflow server", "did not start", sentence(said[-1]), "try mlflow server by hand")


def _answers(server: str) -> bool:
    """True when the server says that it is well."""
    try:
        with urllib.request.urlopen(f"{server}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server and its worker."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
