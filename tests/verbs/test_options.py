"""Asking costs nothing."""

import subprocess
import sys


def test_naming_the_options_loads_nothing_heavy() -> None:
    code = (
        "import sys, medidense; medidense.CvOptions(folds=3); "
        "print(sorted({'torch', 'monai', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
