"""Runs command lines one after another in one process, each as the entry point would.

``python driver.py PLAN.json LOGS``: the plan is a list of [name, words]; ``NAME.stdout`` and ``NAME.stderr``
go into LOGS, the exit codes by name into codes.json beside the plan. Text drawn into a picture cannot
be found in its bytes; it goes into LOGS/../drawn.txt.
"""

import json
import os
import sys
from pathlib import Path


def main(plan: Path, logs: Path) -> None:
    """Run all of the plan."""
    from medidense.cli import run

    _write_what_is_drawn(logs.with_name("drawn.txt"))
    codes = {}
    for name, words in json.loads(plan.read_text()):
        for number, stream in ((1, "stdout"), (2, "stderr")):
            where = os.open(logs / f"{name}.{stream}", os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(where, number)
            os.close(where)
        sys.argv = ["medidense", *words]
        try:
            run()
        except SystemExit as end:
            codes[name] = end.code
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)
            codes[name] = 1
        sys.stdout.flush()
        sys.stderr.flush()
    plan.with_name("codes.json").write_text(json.dumps(codes))


def _write_what_is_drawn(target: Path) -> None:
    """From now on every text in a figure goes into a file too."""
    from matplotlib.text import Text

    usual = Text.set_text

    def heard(self: Text, text: object) -> None:
        with target.open("a", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
        usual(self, text)

    Text.set_text = heard


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
