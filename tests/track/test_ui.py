import os
import socket
import urllib.request
from pathlib import Path

import pytest

from medidense.errors import MedidenseError, UsageError, WriteError
from medidense.rundir import RunDir
from medidense.track import log_cross_validation, serve_ui
from medidense.track.ui import lines, serving


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.usefixtures("store")
def test_the_page_answers_on_loopback_and_ends_with_the_block(run: RunDir, tmp_path: Path) -> None:
    tracked = log_cross_validation(run, working=tmp_path, command="medidense cv")
    port = free_port()
    with serving(tracked.uri, port=port) as (server, process):
        assert server == f"http://127.0.0.1:{port}"
        said = lines(tracked.uri, server)
        assert said[0].startswith(
            f"nodules-ababab: {server}/#/experiments/1/runs?viewStateShareKey=leaderboard"
        )
        assert "workflowType=machine_learning" in said[0]
        curves = f"  fold curves: {server}/#/experiments/1/runs?viewStateShareKey=folds"
        assert said[1].startswith(curves)
        assert said[1].endswith("compareRunsMode=CHART")
        with urllib.request.urlopen(server, timeout=20) as answer:
            assert b"<title>MLflow</title>" in answer.read()
        told: list[str] = []
        serve_ui(f"{server}/", port=port, told=told.append, at=told.append)  # comes back: nothing is served
        assert told == [server, *said[:-1]]
        with pytest.raises(UsageError, match=f"port {port}"):
            serve_ui(tracked.uri, port=port)
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_of_a_server_that_is_away_that_is_said() -> None:
    with pytest.raises(WriteError, match="does not answer") as told:
        serve_ui(f"http://me:secret@127.0.0.1:{free_port()}", port=free_port())
    assert "secret" not in str(told.value)


def test_an_impossible_port_is_refused(store: Path) -> None:
    with pytest.raises(UsageError, match="port 99999"):
        serve_ui(f"sqlite:///{store}", port=99999)


def test_a_server_that_dies_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    with pytest.raises(MedidenseError, match="did not start"):
        serve_ui(f"sqlite:///{tmp_path}/broken.db", port=free_port())


def test_an_empty_store_says_so(store: Path) -> None:
    assert lines(f"sqlite:///{store}", "http://x")[0].startswith("no cross-validation is logged here yet")
