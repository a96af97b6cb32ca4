"""What holds for every story: its size, its imports, and the command lines that its header promises."""

import argparse
import ast
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import medidense

ROOT = Path(__file__).resolve().parents[2]
STORIES = sorted((ROOT / "workflows").glob("*.py"))
ALLOWED = {"medidense", "numpy", "PIL", "nibabel", "pydicom", "sklearn"} | sys.stdlib_module_names

pytestmark = pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)


class _Parsed(Exception):
    """The command line was parsed; nothing else is to happen."""


def _commands(path: Path) -> list[list[str]]:
    """The words of every `python workflows/...` line of the header, continued lines joined."""
    header = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").replace("\\\n", " ")
    lines = (line.strip() for line in header.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("python workflows/")]


def test_size_and_order(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 60 <= len(text.splitlines()) <= 150
    header = ast.get_docstring(ast.parse(text)) or ""
    places = [header.find(part) for part in ("What it does", "What you need", "\nRun")]
    assert -1 not in places
    assert places == sorted(places)


def test_imports_the_public_face_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= ALLOWED
    assert not any(name.startswith("medidense.") for name in imported)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "medidense"
    }
    assert used <= set(medidense.__all__)


def test_help_prints_the_header(path: Path) -> None:
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "What you need" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_commands_of_the_header_parse(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = argparse.ArgumentParser.parse_args

    def parse_then_stop(self: argparse.ArgumentParser, *words: object) -> None:
        raise _Parsed(real(self, *words))  # type: ignore[call-overload]

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_then_stop)
    commands = _commands(path)
    assert f"workflows/{path.name}" in [words[0] for words in commands]
    for words in commands:
        assert (ROOT / words[0]).is_file()
        for word in words[1:]:
            assert not word.startswith("workflows/") or (ROOT / word).is_file()
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(_Parsed):
            runpy.run_path(str(ROOT / words[0]), run_name="__main__")
