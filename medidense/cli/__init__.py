"""The command line: parse the arguments, call one verb, print its result, give an exit code."""

import os
import sys
import tempfile

__all__ = ["run"]


def run() -> None:
    """Entry point of the ``medidense`` command; ends the process with the exit code of the verb."""
    # Read when torch loads: threads that wait for one another sleep instead of spinning. A second busy
    # process on two cores otherwise makes a training step take many times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # torch would name this folder after the login.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", f"{tempfile.gettempdir()}/torchinductor_{os.getuid()}")
    from medidense.cli import warned
    from medidense.cli.app import main
    from medidense.cli.errors import close_stdout, install

    install(sys.argv[1:])
    warned.install()
    code = main(sys.argv[1:])
    close_stdout()
    sys.exit(code)
