"""Which controls does a run have, and how are those made that it has not?"""

from medidense.rundir import RunDir, read_controls
from medidense.stats import not_run
from medidense.values import BACKGROUND, LABEL_SHUFFLE, ControlResult

NAMES = (LABEL_SHUFFLE, BACKGROUND)

HOW = "The same 'medidense cv' command, run again without --controls off, adds it to this run."


def controls_of(run: RunDir) -> tuple[ControlResult, ...]:
    """The controls of a finished run; one that was never made says how to make it."""
    there = read_controls(run.controls_path, run.predictions_path)
    missing = [name for name in NAMES if name not in {one.name for one in there}]
    return (*there, *(not_run(name, HOW) for name in missing))
