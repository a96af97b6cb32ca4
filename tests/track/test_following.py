"""The store may be away, refuse, hang or die: the training goes on, nothing is lost, nothing stands twice."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medidense import durable
from medidense.rundir import RunDir
from medidense.track import followed, following, log_cross_validation, log_unfinished, reaching
from medidense.track.opening import LOCK
from tests.track.growing import Growing, everything, pictures_of, short, statuses
from tests.track.servers import TroubledServer, until

PARENT = "densenet121-2d-e30-s0"
SLOW = [pytest.param(calls, marks=pytest.mark.slow) for calls in (17, 30)]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in a tenth of the time."""
    for name in ("SHORTEST_S", "FIRST_S", "TAKE_OVER_S"):
        monkeypatch.setattr(following, name, 0.05)
    monkeypatch.setattr(following, "LONGEST_S", 0.3)
    monkeypatch.setattr(following, "RAREST_S", 0.3)
    monkeypatch.setattr(following, "PATIENCE_S", 60.0)  # a busy machine is no server in trouble
    monkeypatch.setattr(reaching, "PATIENCE_S", 20.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def growing(run: RunDir, tmp_path: Path) -> Growing:
    return Growing(run, tmp_path / "growing")


@pytest.fixture
def server(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TroubledServer]:
    (tmp_path / "server").mkdir()
    shutil.copy(empty_store, tmp_path / "server" / "mlflow.db")
    made = TroubledServer(tmp_path / "server" / "mlflow.db", tmp_path / "server" / "artifacts", monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.uri)
    yield made
    made.stop()


@contextlib.contextmanager
def watched(growing: Growing, tmp_path: Path) -> Iterator[following.Follower]:
    """As `cv` watches a training: the journal says how it ended before the store hears of it."""
    with (
        followed(growing.run, working=tmp_path, command="medidense cv") as follower,
        growing.run.journal.at_work(),
    ):
        yield follower


def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/server/mlflow.db"


def trained(growing: Growing, follower: following.Follower, seen: float = 0.0) -> None:
    """Both folds, epoch by epoch, a little while for each."""
    for fold in (0, 1):
        with growing.run.fold(fold).journal.at_work():
            for epoch in range(3):
                growing.epochs(fold, epoch, epoch)
                time.sleep(seen)
            growing.finish(fold)
    growing.pool()


def log(growing: Growing) -> str:
    shown = pictures_of(growing.run)
    return log_cross_validation(
        growing.run, working=Path.cwd(), command="medidense cv", pictures=shown
    ).problem


def require_whole(tmp_path: Path) -> None:
    """One parent, two folds, each curve whole and each point once (`everything` sees to that), the images."""
    found = {short(name): one for name, one in everything(store(tmp_path))["runs"].items()}
    assert set(found) == {PARENT, "fold-0", "fold-1"}
    assert {one["status"] for one in found.values()} == {"FINISHED"}
    assert [len(found[f"fold-{index}"]["points"]["train/loss"]) for index in (0, 1)] == [3, 3]
    assert found[PARENT]["images"] == 6
    assert found[PARENT]["inputs"] == 1


def test_a_training_is_followed_over_http_and_ends_whole(
    growing: Growing, server: TroubledServer, tmp_path: Path
) -> None:
    with watched(growing, tmp_path) as follower:
        with growing.run.fold(0).journal.at_work():
            growing.epochs(0, 0, 1)
            until(lambda: statuses(store(tmp_path)).get("fold-0") == "RUNNING")
        trained(growing, follower)
    assert follower.problem == ""
    assert not follower.stuck
    assert log(growing) == ""
    require_whole(tmp_path)


def test_an_error_of_the_training_passes_through_and_is_told(
    growing: Growing, server: TroubledServer, tmp_path: Path
) -> None:
    with (
        pytest.raises(SystemExit),
        watched(growing, tmp_path),
        growing.run.fold(0).journal.at_work(),
    ):
        growing.epochs(0, 0, 0)
        until(lambda: "fold-0" in statuses(store(tmp_path)))
        raise SystemExit(143)
    assert statuses(store(tmp_path)) == {PARENT: "FAILED", "fold-0": "FAILED"}
    with watched(growing, tmp_path) as follower:
        until(lambda: statuses(store(tmp_path))[PARENT] == "RUNNING")
        trained(growing, follower)
    assert log(growing) == ""
    require_whole(tmp_path)


@pytest.mark.parametrize("trouble", ["refused", "503", "hang"])
def test_a_store_that_is_away_costs_a_moment_and_a_later_sync_brings_everything(
    growing: Growing,
    server: TroubledServer,
    tmp_path: Path,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trouble == "hang":
        monkeypatch.setattr(reaching, "PATIENCE_S", 1.0)
    server.stop() if trouble == "refused" else setattr(server, "mode", trouble)
    with watched(growing, tmp_path) as follower:
        until(lambda: follower.problem != "")
        trained(growing, follower)
    word = {"refused": "is away", "503": "says 503", "hang": "did not answer within 1 s"}[trouble]
    assert word in follower.problem
    until(lambda: not follower.stuck)
    shown = pictures_of(growing.run)
    tracked = log_cross_validation(growing.run, working=tmp_path, command="medidense cv", pictures=shown)
    assert word in tracked.problem
    assert tracked.words.endswith(f"log it with: medidense sync {growing.run.path}")
    assert everything(store(tmp_path))["runs"] == {}
    server.recover()
    monkeypatch.setattr(reaching, "PATIENCE_S", 20.0)
    assert log(growing) == ""
    require_whole(tmp_path)
    before = everything(store(tmp_path))
    assert log(growing) == ""
    assert everything(store(tmp_path)) == before


@pytest.mark.parametrize("calls", [6, *SLOW])
def test_a_server_that_dies_in_the_middle_and_comes_back_has_everything_once(
    growing: Growing, server: TroubledServer, tmp_path: Path, calls: int
) -> None:
    server.fails_after = calls
    with watched(growing, tmp_path) as follower:
        with growing.run.fold(0).journal.at_work():
            growing.epochs(0, 0, 0)
            until(lambda: server.mode == "503" or statuses(store(tmp_path)).get("fold-0") == "RUNNING")
            until(lambda: server.mode == "503" or follower.problem == "")
        trained(growing, follower, seen=0.05)
        server.mode, server.fails_after = "well", -1
        until(lambda: statuses(store(tmp_path)).get("fold-1") == "FINISHED")
    assert log(growing) == ""
    require_whole(tmp_path)


def test_a_server_that_hangs_after_it_was_well_leaves_the_end_bounded(
    growing: Growing, server: TroubledServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "50")
    monkeypatch.setattr(following, "PATIENCE_S", 0.5)
    with watched(growing, tmp_path) as follower:
        until(lambda: statuses(store(tmp_path)).get(PARENT) == "RUNNING")
        calls, server.mode = server.calls, "hang"
        with growing.run.fold(0).journal.at_work():
            growing.epochs(0, 0, 0)
            until(lambda: server.calls > calls)
    assert follower.stuck
    waiting = log_unfinished(growing.run, working=tmp_path, command="medidense sync")
    assert waiting.followed
    server.recover()
    until(lambda: not follower.stuck)


def test_a_run_that_another_process_follows_is_left_to_it_and_taken_over(
    growing: Growing, server: TroubledServer, tmp_path: Path
) -> None:
    with durable.locked(growing.run.path, LOCK):
        first = following.Follower(growing.run, tmp_path, "medidense cv")
        first.start()
        time.sleep(0.2)
        assert everything(store(tmp_path))["runs"] == {}
        assert "another process" in log_unfinished(growing.run, working=tmp_path, command="x").words
    with growing.run.journal.at_work():
        until(lambda: statuses(store(tmp_path)) == {PARENT: "RUNNING"})
    first.end()
    assert not first.stuck
