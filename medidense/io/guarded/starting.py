"""How does a worker come to life? By a command of our own, so that nothing of the caller is imported in it.

So it works from a script without a main guard, from a notebook and from standard input alike.
"""

import os
import site
import subprocess
import sys
from pathlib import Path

from medidense.errors import MedidenseError
from medidense.io.guarded.outcome import DEBUG

MODULE = "medidense.io.worker"

START = f"import sys; sys.modules['requests'] = None; from {MODULE} import main; main()"
"""What a worker runs. Without requests, which pydicom would load to fetch test files: 50 ms of 600."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def start(channel: int, ring: int, tasks: str) -> "subprocess.Popen[bytes]":
    """A process that will serve the module `tasks`; the descriptors are of its socket and its ring.

    It has a session of its own, so that Ctrl-C in a terminal does not reach it, and nowhere to write: the
    chatter of a decoder is not for the user. Raises OSError where no process can be had.
    """
    debugged = bool(os.environ.get(DEBUG))
    command = [sys.executable, "-P", "-c", START, "--tasks", tasks]
    return subprocess.Popen(
        [*command, "--channel", str(channel), "--ring", str(ring)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if debugged else subprocess.DEVNULL,
        pass_fds=(channel, ring),
        start_new_session=True,
    )


def environment() -> dict[str, str]:
    """The variables of a worker: this program's, this very medidense first to be found, one thread.

    The folder of an installed package is not put first, for it would hide the standard library behind the
    packages beside it; and what PYTHONPATH says relative to the working directory is left out, since there a
    user's ``random.py`` may lie.
    """
    home = Path(__file__).absolute().parents[3]
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = [place for place in given if Path(place).is_absolute()]
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if str(home) not in installed:
        places.insert(0, str(home))
    said = {"PYTHONPATH": os.pathsep.join(places), "PYTHONUTF8": str(sys.flags.utf8_mode)}
    return dict(os.environ) | said | dict.fromkeys(THREADS, "1")


def no_start(why: str) -> MedidenseError:
    """The error that says that no worker could be started."""
    step = f"see why with: {sys.executable} -P -m {MODULE}"
    return MedidenseError("the reading process", "did not start", why, step)
