"""What can go wrong for a user, as one family of exceptions, each with its exit code.

    MedidenseError                 1    anything of ours without a closer kind
    +-- UsageError                 2    an argument or a setting does not hold
    |   +-- CohortError            2    the cohort file has problems (all of them, a line each)
    |   +-- RecipeError            2    a recipe has an unknown key or a value out of range
    |   +-- RunError               2    a run directory is missing, damaged, or made from something else
    |   +-- PackageError           2    a package is missing, damaged, or made for a later version
    |   +-- OutputExistsError      2    the output is there already and was not to be overwritten
    +-- NothingFoundError          3    nothing to do: no image file under the paths given, no run to log
    +-- Refused                    4    one input was refused (defined beside its value in values/refusal.py)
    +-- DivergedError              1    the training left the finite numbers
    +-- WriteError                74    the output cannot be written
    +-- LockedError               75    another run holds the output folder
    +-- Interrupted         130, 143    Ctrl-C or SIGTERM; the same command goes on

Nothing else leaves a verb on purpose. The command line prints each line after ``medidense: ``.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: where, the rule, what was found, and what to do next.

    `where` names a file, a row or a key; `found` is the value as the user typed it.
    """

    where: str
    rule: str
    found: str
    next_step: str

    def sentence(self) -> str:
        """One line: ``where: rule; found …; next step``.

        >>> Problem("a.csv row 3", "label must not be empty", "''", "fill it in").sentence()
        "a.csv row 3: label must not be empty; found ''; fill it in"
        """
        found = f"; found {self.found}" if self.found else ""
        return " ".join(f"{self.where}: {self.rule}{found}; {self.next_step}".split())


class MedidenseError(Exception):
    """Base of all errors that medidense raises on purpose.

    Built from the fields of one `Problem`; a kind that can hold several has `several`.
    """

    exit_code = 1

    def __init__(self, where: str, rule: str, found: object = "", next_step: str = "") -> None:
        self.problems: tuple[Problem, ...] = (Problem(where, rule, str(found), next_step),)
        super().__init__(self.lines[0])

    @classmethod
    def several(cls, problems: Sequence[Problem]) -> "MedidenseError":
        """One error of this class that carries every problem, in the order given (at least one)."""
        first = problems[0]
        error = cls(first.where, first.rule, first.found, first.next_step)
        error.problems = tuple(problems)
        error.args = ("\n".join(error.lines),)
        return error

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each problem, as the command line prints it after ``medidense: ``."""
        return tuple(problem.sentence() for problem in self.problems)


class UsageError(MedidenseError):
    """An argument, a path or a setting does not hold; nothing was done."""

    exit_code = 2


class CohortError(UsageError):
    """The cohort file has problems; `problems` holds all of them."""


class RecipeError(UsageError):
    """A recipe has an unknown key, a wrong type or a value out of range."""


class RunError(UsageError):
    """A run directory is missing, damaged, or was made from something else."""


class PackageError(UsageError):
    """A package is missing, damaged, or of a format that this version does not read."""


class OutputExistsError(UsageError):
    """The output exists and overwriting was not asked for."""


class NothingFoundError(MedidenseError):
    """No image file lies under the paths given, or no run that is to be logged."""

    exit_code = 3


class DivergedError(MedidenseError):
    """The loss or the gradients of a training stopped being finite numbers."""


class WriteError(MedidenseError):
    """The output cannot be written: disk full, read-only, a path under a file."""

    exit_code = 74


class LockedError(MedidenseError):
    """Another living run holds the output folder."""

    exit_code = 75


class Interrupted(MedidenseError):
    """The run was told to stop (Ctrl-C or SIGTERM); what was finished is kept."""

    exit_code = 130
