"""Each benchmark runs, reads the right values, and prints its bars; here on a few tiny files."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medidense.io import write_series
from medidense.values import Source, Volume

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow  # each script is a process of its own, with its imports

TINY = {
    "bootstrap": "--samples 400 --draws 100 --turns 1",
    "cifar10_gpu": "--tiny --seeds 1",
    "damaged_streams": "--trials 3",
    "data_path": "--tiny --turns 1 --threads 1",
    "dense_memory": "--cases 1 --repeats 1 --threads 1",
    "fine_tuning": "--threads 1 --ways head",
    "gpu": "--tiny --turns 1",
    "guard": "--slices 4 --repeats 1",
    "memory": "--sizes 12 16",
    "read_multiframe": "--frames 12 --size 32 --turns 1",
    "read_region": "--slices 80 --size 16 --turns 1",
    "read_series": "--slices 4 --size 32 --turns 1",
    "network_costs": "",
    "roofline": "--tiny --size 32 32 --batch 2 --device cpu",
    "tracking": "--turns 1 --epochs 1 --subjects 10 --folds 2",
    "tracking_share": "--epochs 1 --subjects 10 --folds 2",
    "scan_tree": "--instances 30 --per-study 5 --turns 1",
}


def said_by(name: str, *more: object) -> str:
    """What a benchmark prints, run as its first page says."""
    script = str(ROOT / "benchmarks" / f"{name}.py")
    command = [sys.executable, script, *TINY[name].split(), *map(str, more)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout


def figure(said: str, what: str) -> float:
    """The first figure behind a bar's words."""
    found = re.search(rf"^  {re.escape(what)} +([\d.e+-]+)", said, re.MULTILINE)
    assert found, f"{what!r} has no figure in:\n{said}"
    return float(found[1])


def test_every_script_is_run_here() -> None:
    scripts = {
        path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\nif __name__" in path.read_text("utf-8")
    }
    elsewhere = {"train_step", "over_seeds", "descriptors"}  # a step takes too long; tests of their own
    assert scripts == {*TINY, *elsewhere}


def test_both_bootstraps_give_the_same_interval() -> None:
    said = said_by("bootstrap")
    (low, high), (other, above) = (
        tuple(map(float, pair)) for pair in re.findall(r"^[a-z-]+: ([\d.]+) to ([\d.]+)$", said, re.MULTILINE)
    )
    assert (low, high) == pytest.approx((other, above), abs=0.03)
    assert figure(said, "CPU, of the loop's") > 0


def test_the_memory_of_two_sizes_is_told_and_small() -> None:
    said = said_by("memory")
    assert re.search(r"^ +16 samples of 64\^3: peak RSS", said, re.MULTILINE)
    assert figure(said, "difference, GiB") < 0.5


def test_tracking_is_told_for_all_sides() -> None:
    said = said_by("tracking")
    sides = re.findall(r"^(untracked|SQLite|hanging) +[\d.]+ s wall", said, re.MULTILINE)
    assert sides == ["untracked", "SQLite", "hanging"]
    assert "SQLite: MLflow experiment" in said
    assert "hanging: not logged to MLflow" in said


def test_the_share_of_tracking_is_told_of_a_store_and_of_a_silent_server() -> None:
    said = said_by("tracking_share")
    for name in ("SQLite", "hanging"):
        spent = re.search(
            rf"^{name}: ([\d.]+) s wall, ([\d.]+) s CPU; followed with ([\d.]+)", said, re.MULTILINE
        )
        assert spent, said
        assert 0 < float(spent[3]) < float(spent[2]) * 1.01
        assert 0 < figure(said, f"{name}, added CPU") < 5
        assert figure(said, f"{name}, added wall at most") > 0
    assert figure(said, "hanging, added CPU") < figure(said, "SQLite, added CPU")


def test_a_series_is_read_by_all_sides_and_alike() -> None:
    said = said_by("read_series")
    assert "OTHER VALUES" not in said
    assert [said.count(f"{name}, 4 slices") for name in ("uncompressed", "JPEG-LS", "JPEG 2000")] == [1, 1, 1]
    assert said.count("peak memory, of the result's") == 3
    assert figure(said, "wall, of MONAI's") > 0
    assert figure(said, "CPU, of pydicom's") > 0
    if importlib.util.find_spec("SimpleITK") is None:
        assert "SimpleITK is not installed" in said
        assert said.count("wall, of SimpleITK's") == len(re.findall("SimpleITK's +not measured", said)) == 3
    else:
        assert figure(said, "wall, of SimpleITK's") > 0


def test_a_dense_block_that_recomputes_gives_the_same_numbers_in_less_memory() -> None:
    said = said_by("dense_memory")
    assert float(re.findall(r"largest difference ([\d.e+-]+)", said)[0]) < 1e-4
    keeping, lean = (float(value) for value in re.findall(r"peak \+ *(\d+) MiB", said))
    assert lean < keeping


def test_a_start_from_earlier_weights_beats_random_ones_on_few_subjects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # MLflow's store lies in the working folder
    found = re.search(r"head +AUROC .+ random weights .+ difference (-?[\d.]+)", said_by("fine_tuning"))
    assert found
    assert float(found[1]) > 0.1


def test_a_tree_is_scanned_by_both_sides_whole() -> None:
    said = said_by("scan_tree")
    assert " FOUND " not in said
    ours, pools = figure(said, "medidense, headers a second"), figure(said, "pool, headers a second")
    assert figure(said, "headers a second, of the pool's") == pytest.approx(ours / pools, rel=0.02)
    assert figure(said, "second scan, times faster") > 0
    assert figure(said, "peak memory of all processes, MiB") > 20


def test_the_guard_has_its_price_beside_the_same_work_without_it() -> None:
    said = said_by("guard")
    assert "wall" in said
    assert "4 slices" in said


def test_a_region_is_the_slices_around_it() -> None:
    said = said_by("read_region")
    slices = [int(found) for found in re.findall(r"region: Volume\(\d+ x \d+ x (\d+)", said)]
    assert len(slices) == 2
    assert all(64 <= count <= 66 for count in slices)
    assert figure(said, "wall of the region, of the whole") > 0
    assert figure(said, "the same with a catalogue") > 0


def test_frames_of_one_file_by_both_sides() -> None:
    said = said_by("read_multiframe")
    assert said.count("12 frames") == 3
    assert said.count("CPU, of pydicom's") == 3
    assert figure(said, "CPU, of that of half the frames") > 0


def test_every_damaged_stream_ends_somewhere(tmp_path: Path) -> None:
    values = np.arange(64 * 64 * 8, dtype=np.int64).reshape(64, 64, 8) % 997
    volume = Volume(values.astype(np.int16), np.diag([1, 1, 2, 1.0]), Source("dicom", "CT"))
    write_series(volume, tmp_path / "ct", patient="invented", seed=1)
    lines = said_by("damaged_streams", tmp_path / "ct").splitlines()
    assert len(lines) == 5
    for line in lines:
        assert sum(int(count) for count in re.findall(r": (\d+)", line)) in (0, 3), line


def test_the_peers_are_pinned_and_named_with_their_licence() -> None:
    lines = (ROOT / "benchmarks" / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert pins
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8").split("\n## Measured against\n")[1]
    rows = dict(re.findall(r"^\| `([\w-]+)` \|.*\| ([^|]+) \|$", page, re.MULTILINE))
    assert sorted(rows) == sorted(name for name, _ in pins)
    assert all(re.match("Apache|BSD|MIT", licence) for licence in rows.values())


def test_the_networks_data_are_measured_beside_its_step() -> None:
    assert figure(said_by("data_path"), "samples/s of the data path, of the network's") > 0


def test_a_roofline_has_a_bound_for_training_and_for_inference() -> None:
    said = said_by("roofline")
    assert re.findall(r"(\w+) +fp32: at most ([\d,]+) samples", said)[0][0] == "inference"
    assert "GFLOP" in said


def test_every_side_of_the_gpu_script_runs_where_there_is_no_gpu(tmp_path: Path) -> None:
    said = said_by("gpu", "--json", str(tmp_path / "found.json"))
    sides = json.loads((tmp_path / "found.json").read_text("utf-8"))["sides"]
    assert len(sides) == 2 * 8
    assert all(min(side["samples"]) > 0 and side["share"] > 0 for side in sides)
    for size in ("2x1x32x32", "2x1x32x32x32"):
        for what in ("training: (c) ours / (a) tutorial", "network: (c) ours / (b) torch.compile"):
            assert figure(said, f"{size} {what}") > 0


def test_cifar_s_script_trains_both_sides_and_finds_its_seeds_again(tmp_path: Path) -> None:
    more = ["--out", tmp_path / "out", "--against", "resnet18", "--watch", "--json", tmp_path / "found.json"]
    said = said_by("cifar10_gpu", *more)
    assert said.count("NO VERDICT") == 2
    found = json.loads((tmp_path / "found.json").read_text())
    assert [each["network"] for each in found] == ["densenet_bc_40_48", "resnet18"]
    assert "finished before" in said_by("cifar10_gpu", *more)
