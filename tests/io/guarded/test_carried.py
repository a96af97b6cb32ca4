import pytest

import medidense.errors
from medidense.errors import MedidenseError, Problem
from medidense.io.guarded.carried import decode_error, encode_error
from medidense.io.guarded.wire import Message, decode
from medidense.values import CODES, Refused

FAMILY = [
    kind
    for kind in vars(medidense.errors).values()
    if isinstance(kind, type) and issubclass(kind, MedidenseError)
]


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_every_error_of_the_family_comes_out_equal(kind):
    problems = [Problem("a", "holds", "no", "do"), Problem("b", "holds", "", "")]
    for error in (kind("a", "holds", 5, "do"), kind.several(problems)):
        found = decode_error(decode(encode_error(error)))
        assert type(found) is kind
        assert (found.problems, str(found)) == (error.problems, str(error))


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_comes_out_equal(code):
    error = Refused(code, "\udcff", 1, (2, 3), "do")
    found = decode_error(decode(encode_error(error)))
    assert type(found) is Refused
    assert found.refusal == error.refusal


@pytest.mark.parametrize(
    "message",
    [
        Message("answer", None),
        Message("refused", {}),
        Message("refused", dict.fromkeys(["code", "where", "found", "expected", "next_step"], "x")),
        Message("refused", {**vars(Refused("BOMB", 1, 1, 1, "").refusal), "found": 1}),
        Message("error", ["Problem", [vars(Problem("a", "b", "c", "d"))]]),
        Message("error", ["UsageError", []]),
        Message("error", ["UsageError", [{"where": "a"}]]),
        Message("error", ["UsageError", "text"]),
        Message("error", ["__doc__", [vars(Problem("a", "b", "c", "d"))]]),
    ],
    ids=str,
)
def test_what_is_no_error_of_ours_is_not_taken_for_one(message):
    with pytest.raises(ValueError, match="no "):
        decode_error(message)
