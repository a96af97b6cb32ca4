import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medidense.rundir import Journal
from medidense.values import EpochRecord

KILLED = """
import os, signal, sys
from pathlib import Path
from medidense.rundir import Journal
from medidense.values import EpochRecord
journal = Journal(Path(sys.argv[1]))
with journal.at_work():
    for epoch in (1, 2, 3):
        journal.tell(EpochRecord(epoch, 1 / epoch, 1e-3, 2.0))
    print("told", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    ticks = iter(range(100, 200))
    return Journal(tmp_path / "folds" / "0" / "journal.jsonl", clock=lambda: float(next(ticks)))


def test_nothing_was_begun(journal: Journal) -> None:
    assert journal.read().state == "nothing"


def test_epochs_stand_once_with_the_time_of_the_first_line(journal: Journal) -> None:
    with journal.at_work():
        journal.tell(EpochRecord(1, 1 / 3, 1e-3, 2.0))
        assert journal.read().state == "at work"
        assert (journal.read().begun, journal.read().ended) == (100.0, None)
    again = Journal(journal.path, clock=lambda: 500.0)
    with pytest.raises(ZeroDivisionError), again.at_work():
        again.tell(EpochRecord(1, 0.5, 1e-3, 2.0))
        again.tell(EpochRecord(2, float("nan"), 1e-3, 2.0, 0.25))
        _ = 1 / 0
    happened = again.read()
    assert (happened.state, happened.begun, happened.ended) == ("failed", 100.0, 500.0)
    (first, at_first), (second, at_second) = happened.epochs
    assert (first.epoch, first.loss, at_first) == (1, 0.333333333, 101.0)
    assert (second.epoch, second.validation_loss, at_second) == (2, 0.25, 500.0)
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_an_orderly_end_is_told_apart(journal: Journal) -> None:
    with journal.at_work():
        pass
    assert journal.read().state == "stopped"


def test_every_epoch_outlives_a_kill_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    with path.open("a") as stream:
        stream.write('{"epoch": 4, "lo')
    journal = Journal(path)
    assert journal.read().state == "killed"
    journal.tell(EpochRecord(4, 0.25, 1e-3, 2.0))
    assert [record.epoch for record, _ in journal.read().epochs] == [1, 2, 3, 4]
    assert len(path.read_text().splitlines()) == 6


def test_two_processes_at_one_run_are_told_apart(journal: Journal) -> None:
    other = {"machine": "m", "boot": "b", "space": "s", "pid": 1, "started": 2}
    with journal.at_work(), journal.path.open("a") as stream:
        stream.write(json.dumps({"begun": 150.0, "process": other}) + "\n")
    assert journal.read().state == "at work"  # nobody here knows whether the other one lives
    with journal.path.open("a") as stream:
        stream.write(json.dumps({"ended": 160.0, "how": "failed", "process": other}) + "\n")
    assert (journal.read().state, journal.read().ended) == ("failed", 160.0)


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "folds").write_text("a file")
    journal = Journal(tmp_path / "folds" / "journal.jsonl")
    with journal.at_work():
        journal.tell(EpochRecord(1, 0.5, 1e-3, 2.0))
    assert journal.read().state == "nothing"
    assert [path.name for path in tmp_path.iterdir()] == ["folds"]
