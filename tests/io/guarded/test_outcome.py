import pytest

from medidense.io.guarded.desk import LocalDesk
from medidense.io.guarded.outcome import DEBUG, error_of, perform
from medidense.io.guarded.wire import Message, decode
from medidense.values import Refused


def ended(error):
    def task(arguments, desk):
        raise error

    answered, said = perform({"task": task}, "task", {}, LocalDesk())
    assert not answered
    return decode(said)


@pytest.mark.parametrize("error", [KeyError("DOE"), RecursionError(), OSError("DOE"), StopIteration()])
def test_of_a_foreign_exception_only_the_type_is_told(error, capfd, monkeypatch):
    message = ended(error)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv(DEBUG, "1")
    assert ended(error) == message
    assert "Traceback" in capfd.readouterr().err
    assert message == Message("failed", type(error).__name__)
    refused = error_of(message, "a.dcm")
    assert isinstance(refused, Refused)
    assert (refused.refusal.code, refused.refusal.where) == ("CORRUPT", "a.dcm")
    assert type(error).__name__ in refused.refusal.found


def test_out_of_memory_is_too_large():
    refused = error_of(ended(MemoryError("DOE")), "a.dcm")
    assert (refused.refusal.code, refused.refusal.where) == ("TOO_LARGE", "a.dcm")


def test_what_ends_a_program_is_not_caught():
    with pytest.raises(KeyboardInterrupt):
        ended(KeyboardInterrupt())


def test_an_answer_is_no_error():
    tasks = {"double": lambda arguments, desk: 2 * arguments["n"]}
    answered, said = perform(tasks, "double", {"n": 1}, LocalDesk())
    message = decode(said)
    assert (answered, message) == (True, Message("answer", 2))
    for other in (message, Message("memory", "text"), Message("failed", None)):
        with pytest.raises(ValueError, match="no error"):
            error_of(other, "a")
