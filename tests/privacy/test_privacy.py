"""Does anything of a patient, a place or the user get out of the files that are the user's own?"""

import fnmatch
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from medidense.cli.app import COMMANDS, GROUPS
from tests.privacy.canary import Canary, leaks
from tests.privacy.commands import APART, DATA, KEPT, RUN, Step
from tests.privacy.conftest import Made, surroundings


def test_every_command_is_tried_or_has_a_reason() -> None:
    known = {command.__name__ for command in COMMANDS}
    known |= {f"{word} {one.__name__}" for word, (_, ones) in GROUPS.items() for one in ones}
    tried = {step.command for step in DATA + RUN}
    assert tried | set(APART) == known, "a new command is a line of tests/privacy/commands.py"
    assert not tried & set(APART)


def test_the_docs_name_each_file_that_holds_words(root: Path) -> None:
    page = (root / "docs" / "privacy.md").read_text(encoding="utf-8")
    told = {pattern.rpartition("/")[2] for pattern in KEPT} - {"manifest.json"}  # told of in a sentence
    assert {name for name in told if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("step", DATA, ids=lambda step: step.name)
def test_output_before_training(step: Step, before_training: Made) -> None:
    assert_quiet(step, before_training)


def test_files_before_training(before_training: Made) -> None:
    kept = assert_clean(before_training)
    assert kept == {"catalogue.csv", "catalogue.csv.index", "*/converted.csv"}


@pytest.mark.slow
@pytest.mark.parametrize("step", RUN, ids=lambda step: step.name)
def test_output_from_training_on(step: Step, after_training: Made) -> None:
    assert_quiet(step, after_training)


@pytest.mark.slow
def test_files_from_training_on(after_training: Made) -> None:
    kept = assert_clean(after_training)
    idle = set(KEPT) - kept - {"catalogue.csv", "catalogue.csv.index", "*/converted.csv"}
    assert not idle, "these hold no word: strike them from KEPT"


@pytest.mark.slow
def test_store_and_page_of_runs_name_nobody(after_training: Made) -> None:
    """The two places that are looked at by others, by name: what `KEPT` says must not open them."""
    made, canary = after_training.out, after_training.planted.canary
    store = leaks(canary, made / "work" / "mlruns")
    assert {Path(name).name for name in store} <= {"manifest.json"}
    assert list((made / "work/mlruns/artifacts").rglob("external_predictions.csv"))
    assert (made / "work/mlruns/mlflow.db").stat().st_size > 100_000
    assert "evidence for" in (made / "drawn.txt").read_text()
    for run in ("run", "seen", "elsewhere"):
        for name in ("report.html", "report.json"):
            content = (made / run / name).read_bytes()
            assert len(content) > 1000
            assert canary.found(content) == []


@pytest.mark.slow
def test_the_page_of_mlflow_is_announced_without_a_name(after_training: Made) -> None:
    out, planted = after_training.out, after_training.planted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "medidense", "ui", "--port", port]
    with subprocess.Popen(
        command,
        cwd=out / "work",
        env=surroundings(planted, out) | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                process.send_signal(signal.SIGINT)
        assert process.stderr
        said.append(process.stderr.read())
    assert "phantoms-" in "".join(said)
    assert planted.canary.found("".join(said).encode()) == []


def assert_quiet(step: Step, made: Made) -> None:
    """The step ended as it should, and said nothing but its arguments and what it may say."""
    assert made.codes[step.name] in step.codes, made.said(step, "stderr")
    for stream, allowed in (("stdout", step.out), ("stderr", step.err)):
        text = made.said(step, stream)
        assert beside(made.planted.canary.found(text.encode()), allowed) == [], f"{stream}: {text}"


def assert_clean(made: Made) -> set[str]:
    """No word in a file or a name that we made, but for `KEPT`; returns the patterns of it that were met."""
    canary, met, bad = made.planted.canary, set(), {}
    for name, hits in {**leaks(canary, made.out), **leaks(canary, made.planted.home)}.items():
        if name.startswith("logs/"):
            continue
        patterns = [pattern for pattern in KEPT if fnmatch.fnmatch(name, pattern)]
        met |= set(patterns)
        left = beside(hits, [place for pattern in patterns for place in KEPT[pattern][0]])
        if left:
            bad[name] = left
        elif not only_words(canary, hits):
            assert (made.out / name).stat().st_mode & 0o077 == 0, f"{name} can be read by others"
    assert bad == {}
    return met


def only_words(canary: Canary, hits: Sequence[str]) -> bool:
    """Whether what is found are words of columns that a recipe or the subgroups name: of no one person."""
    return beside(hits, ("cell site", "cell scanner", "cell sex", "cell of a covariate")) == []


def beside(hits: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """The hits that no allowed beginning covers."""
    return [hit for hit in hits if not hit.removeprefix("plain: ").startswith(tuple(allowed) or ("\0",))]
