import os
import site
from pathlib import Path

from medidense.io.guarded import starting
from medidense.io.guarded.starting import environment

HOME = Path(starting.__file__).parents[3]


def test_this_medidense_is_found_first_and_nothing_relative(monkeypatch, tmp_path):
    given = ["", "here", str(tmp_path), "."]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(given))
    assert environment()["PYTHONPATH"].split(os.pathsep) == [str(HOME), str(tmp_path)]


def test_an_installed_medidense_does_not_hide_the_standard_library(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(HOME)])
    assert environment()["PYTHONPATH"] == str(tmp_path)


def test_one_thread_a_worker(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    assert environment()["OMP_NUM_THREADS"] == "1"
