"""The family of errors: exit codes, lines, and the tree in the docstring."""

import inspect

import pytest

from medidense import errors
from medidense.errors import CohortError, MedidenseError, Problem
from medidense.values import Refused


def kinds() -> list[type[MedidenseError]]:
    own = [
        item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, MedidenseError)
    ]
    return [*own, Refused]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_stands_in_the_tree_with_its_exit_code(kind: type[MedidenseError]) -> None:
    line = next(line for line in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in f" {line} ")
    assert str(kind.exit_code) in line.replace(",", " ").split()


def test_a_problem_is_one_line_even_when_the_cell_has_line_breaks() -> None:
    problem = Problem("a.csv row 2", "no line breaks", "'x\ny'", "remove\nthem")
    assert problem.sentence() == "a.csv row 2: no line breaks; found 'x y'; remove them"


def test_several_problems_keep_their_order_and_class() -> None:
    problems = [Problem("f row 2", "a", "1", "x"), Problem("f row 3", "b", "2", "y")]
    error = CohortError.several(problems)
    assert isinstance(error, CohortError)
    assert error.lines == ("f row 2: a; found 1; x", "f row 3: b; found 2; y")
    assert str(error).count("\n") == 1


def test_a_refused_line_starts_with_its_code() -> None:
    error = Refused("COLOUR", "a.png", "3 channels", "1", "convert it")
    assert error.exit_code == 4
    assert error.lines[0].startswith("COLOUR: ")
    assert error.refusal.where == "a.png"
