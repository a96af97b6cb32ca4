"""Writes docs/commands.md from the help texts; with ``--check`` only says whether the page is up to date."""

import contextlib
import io
import os
import sys
from pathlib import Path

from medidense.cli.app import COMMANDS, GROUPS, main

PAGE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

The help texts, as `medidense COMMAND --help` prints them. This page is made from them by `make commands`.

Every command takes `--json`: then stdout holds one JSON object and nothing else. Progress goes to stderr.
What went wrong is one line on stderr and an [exit code](errors.md).
"""


def help_of(*words: str) -> str:
    """What a terminal of 80 columns shows."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        main([*words, "--help"])
    return screen.getvalue().rstrip()


def page() -> str:
    """The whole page."""
    parts = [HEAD, f"```text\n{help_of()}\n```\n"]
    for command in COMMANDS:
        name = command.__name__
        parts.append(f"## {name}\n\n```text\n{help_of(name)}\n```\n")
    for word, (_, commands) in GROUPS.items():
        for command in commands:
            name = f"{word} {command.__name__}"
            parts.append(f"## {name}\n\n```text\n{help_of(*name.split())}\n```\n")
    return "\n".join(parts)


def run(check: bool) -> int:
    """Write the page, or compare it; 0 when it is up to date."""
    os.environ["COLUMNS"] = "80"
    text = page()
    if check:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run("--check" in sys.argv[1:]))
