"""Every command line, link and Python name in the pages is one that exists."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import medidense
from medidense.cli.app import GROUPS, build
from medidense.errors import MedidenseError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "mlruns" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
APP = typer.main.get_command(build())


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, indented ones (in tabs) included."""
    return re.findall(rf"^[ ]*```{language}\n(.*?)^[ ]*```", page.read_text(encoding="utf-8"), re.M | re.S)


def command_lines() -> list[tuple[str, str]]:
    """Every shell line of the pages, each with where it stands."""
    lines = [
        (page.name, line.split("#")[0].strip())
        for page in PAGES
        for block in blocks(page, "sh")
        for line in block.splitlines()
    ]
    return [(name, line) for name, line in lines if line]


@pytest.mark.parametrize(
    ("page", "line"), [item for item in command_lines() if item[1].startswith("medidense")]
)
def test_each_medidense_line_parses(page: str, line: str) -> None:
    """A file that is not there may stop it; an option or argument that is not there may not."""
    _, verb, *arguments = shlex.split(line)
    command = APP.commands[verb]  # type: ignore[attr-defined]
    if verb in GROUPS:
        verb, *arguments = arguments
        command = command.commands[verb]
    with contextlib.suppress(MedidenseError):
        command.make_context(verb, arguments)


def test_the_lines_were_found() -> None:
    assert len([line for _, line in command_lines() if line.startswith("medidense")]) > 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(blocks(page, "sh"))))
    named |= set(re.findall(r"`make ([a-z-]+)`", page.read_text(encoding="utf-8")))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_python_in_the_pages_compiles_and_uses_public_names(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, page.name, "exec")
    names = set(re.findall(r"\bmedidense\.([A-Za-z_]+)\b", "\n".join(blocks(page, "python"))))
    assert names <= {*medidense.__all__, "benchmark"}


def test_the_page_of_commands_is_up_to_date() -> None:
    """Made anew by ``make commands``."""
    done = subprocess.run(
        [sys.executable, "docs/commands_page.py", "--check"], cwd=ROOT, check=False, env=os.environ
    )
    assert done.returncode == 0


def test_the_tables_made_from_the_code_are_up_to_date() -> None:
    """Made anew by ``make commands``."""
    done = subprocess.run(
        [sys.executable, "docs/code_tables.py", "--check"], cwd=ROOT, check=False, env=os.environ
    )
    assert done.returncode == 0


def test_the_promise_stands_where_people_look() -> None:
    for name in ("README.md", "docs/index.md", "docs/hospital.md", "mkdocs.yml"):
        assert "Research software, not a medical device" in (ROOT / name).read_text(encoding="utf-8")
