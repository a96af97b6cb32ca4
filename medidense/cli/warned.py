"""How does a warning of ours look on a terminal? As one line, like an error; others as Python has them."""

import sys
import warnings
from typing import TextIO

from medidense.cli.errors import legible


def install() -> None:
    """From now on a warning of medidense's own kinds is one line on stderr, without a place in the code."""
    usual = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if category.__module__.partition(".")[0] == "medidense":
            text = legible(" ".join(str(message).split()))
            print(f"medidense: warning: {text}", file=file or sys.stderr, flush=True)
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = show
