"""Sides take turns, medians are medians, a bar says whether it holds, and children are counted."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

MIB = 2**20
Load = Callable[[str], ModuleType]
LINUX = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")


@pytest.fixture
def load(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a module of benchmarks/ as its scripts do, and forget it afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(root / "benchmarks")
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(root / "benchmarks") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def turns(load: Load) -> ModuleType:
    return load("turns")


@pytest.fixture
def process_tree(load: Load) -> ModuleType:
    return load("process_tree")


def test_sides_take_turns_and_the_warm_turn_does_not_count(turns: ModuleType) -> None:
    calls: list[str] = []

    def side(name: str, seconds: list[float]) -> Callable[[], object]:
        left = iter(seconds)

        def act() -> object:
            calls.append(name)
            wall = next(left)
            return turns.Cost(wall, 2 * wall)

        return act

    costs = turns.in_turns({"a": side("a", [90, 1, 7, 3]), "b": side("b", [90, 4, 4, 40])}, 3)
    assert calls == ["a", "b"] * 4
    assert costs == {"a": (3, 6), "b": (4, 8)}
    assert turns.ratio(costs, "a", "b") == 0.75
    assert turns.ratio(costs, "a", "absent") is None


def test_a_timed_side_acts_once(turns: ModuleType) -> None:
    acted: list[int] = []
    cost = turns.timed(lambda: acted.append(sum(range(10_000))))()
    assert len(acted) == 1
    assert cost.wall > 0
    assert cost.cpu > 0


def test_a_bar_says_whether_it_holds(turns: ModuleType) -> None:
    said = {
        word: str(turns.Bar("x", value, 2.0, at_least=least))
        for word, value, least in (
            ("low", 1.0, False),
            ("high", 3.0, False),
            ("few", 1.0, True),
            ("many", 3.0, True),
        )
    }
    assert said["low"].endswith("at most 2: holds")
    assert said["high"].endswith("at most 2: DOES NOT HOLD")
    assert said["few"].endswith("at least 2: DOES NOT HOLD")
    assert said["many"].endswith("at least 2: holds")
    assert str(turns.Bar("x", None, 2.0)).endswith("not measured")
    assert "most" not in str(turns.Bar("x", 1.0))


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has run `code` and waits."""
    command = [sys.executable, "-c", f"{code}\nprint('done', flush=True)\ninput()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process
        process.communicate("\n")


@LINUX
def test_cpu_of_a_living_child_counts_and_is_not_lost_when_it_ends(process_tree: ModuleType) -> None:
    before = process_tree.cpu_seconds()
    with child("import time\nwhile time.process_time() < 0.2: pass") as process:
        assert process.pid in list(process_tree.tree_of(os.getpid()))
        alive = process_tree.cpu_seconds() - before
    ended = process_tree.cpu_seconds() - before
    assert alive >= 0.2
    assert ended >= 0.19  # waited-for children are counted in hundredths


@LINUX
def test_memory_of_a_grandchild_counts(process_tree: ModuleType) -> None:
    hold = f"kept = bytearray({64 * MIB}); kept[::4096] = b'x' * len(kept[::4096])"
    wait = "import sys; print(flush=True); sys.stdin.read()"
    start = f"""
import sys
from subprocess import PIPE, Popen
held = Popen([sys.executable, "-c", {f"{hold}; {wait}"!r}], stdin=PIPE, stdout=PIPE)
held.stdout.readline()
"""
    with child(start) as process:
        assert 64 * MIB < process_tree.memory_of(process.pid) < 128 * MIB


def test_what_the_scripts_import_from_here_exists(load: Load, root: Path) -> None:
    shared = {name: load(name) for name in ("made_series", "process_tree", "turns")}
    for script in (root / "benchmarks").glob("*.py"):
        for node in ast.walk(ast.parse(script.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in shared:
                names = {alias.name for alias in node.names}
                assert names <= set(vars(shared[node.module])), script.name


def test_made_files_are_the_same_each_time_and_each_its_own(load: Load, tmp_path: Path) -> None:
    made = load("made_series")
    for name in ("one", "two"):
        made.write_tree(tmp_path / name, 12, 4)
    files = sorted((tmp_path / "one").rglob("*.dcm"))
    again = sorted((tmp_path / "two").rglob("*.dcm"))
    assert [file.read_bytes() for file in files] == [file.read_bytes() for file in again]
    found = [load("pydicom").dcmread(file) for file in files]
    assert len({one.SOPInstanceUID for one in found}) == 12
    assert all(one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID for one in found)
    assert len({one.StudyInstanceUID for one in found}) == len({one.PatientID for one in found}) == 3
    assert [float(one.ImagePositionPatient[2]) for one in found] == [100.0, 101.0, 102.0, 103.0] * 3
    assert 80 <= len(found[0]) <= 95
    assert sum(element.tag.is_private for element in found[0]) == 60
