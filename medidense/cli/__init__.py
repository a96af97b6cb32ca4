"""The command line: parse the arguments, call one verb, print its result, give an exit code."""

import sys

__all__ = ["run"]


def run() -> None:
    """Entry point of the ``medidense`` command; ends the process with the exit code of the verb."""
    from medidense.cli.app import main
    from medidense.cli.errors import close_stdout, install

    install(sys.argv[1:])
    code = main(sys.argv[1:])
    close_stdout()
    sys.exit(code)
