"""The supervisor's side, against a worker that says what the test says."""

import socket
import subprocess
from dataclasses import replace

import pytest

from medidense.errors import MedidenseError
from medidense.io.guard import LIMITS
from medidense.io.guarded import process
from medidense.io.guarded.outcome import Answer
from medidense.io.guarded.process import Lost, Request, Worker, refusal_of
from medidense.io.guarded.ring import PIECE
from medidense.io.guarded.wire import LENGTH, encode, receive

REQUEST = Request("task", {"n": 1}, "a.dcm", replace(LIMITS, seconds=5.0))
READY = encode("ready", None)


@pytest.fixture
def worker_that_says(monkeypatch):
    """A worker that has said all its words beforehand, and the test's end of its channel."""
    kept = []

    def make(*words, command=("sleep", "60")):
        def start(channel, ring, tasks):
            theirs = socket.fromfd(channel, socket.AF_UNIX, socket.SOCK_STREAM)
            theirs.sendall(b"".join(words))
            kept.append(theirs)
            return subprocess.Popen(command)

        monkeypatch.setattr(process, "start", start)
        kept.append(Worker("tasks"))
        return kept[-1], kept[-2]

    yield make
    for one in kept:
        one.end() if isinstance(one, Worker) else one.close()


def ask(worker, request=REQUEST):
    return worker.ask(request, request.encoded())


def test_a_request_and_its_answer(worker_that_says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worker, theirs = worker_that_says(READY, encode("beat", None), encode("answer", [1]))
    answer = ask(worker)
    assert (answer.value, answer.arrays, worker.at_rest) == ([1], (), True)
    body = {"task": "task", "arguments": {"n": 1}, "seconds": 5.0, "folder": str(tmp_path)}
    assert receive(theirs).body == body


def test_arrays_are_what_was_granted_whatever_the_worker_says(worker_that_says):
    asked = [encode("array", [[n], "<i2"]) for n in (2, 3, 4)]
    words = [*asked, encode("release", 1), encode("answer", {"arrays": 99}), PIECE, PIECE]
    worker, theirs = worker_that_says(READY, *words)
    answer = ask(worker)
    assert [(array.shape, array.dtype) for array in answer.arrays] == [((2,), "<i2"), ((4,), "<i2")]
    assert [receive(theirs).kind for _ in range(6)] == ["task", *["granted"] * 3, "taken", "taken"]


def test_what_is_too_much_is_refused_to_the_worker(worker_that_says):
    asked = [encode("array", [[1 << 40], "<i2"]), encode("scratch", 1 << 60), encode("scratch", 5)]
    worker, theirs = worker_that_says(READY, *asked, encode("answer", None))
    assert isinstance(ask(worker), Answer)
    receive(theirs)
    told = [receive(theirs) for _ in asked]
    assert [message.kind for message in told] == ["refused", "refused", "granted"]
    assert [message.body["code"] for message in told[:2]] == ["BOMB", "TOO_LARGE"]
    assert told[0].body["where"] == "a.dcm"


@pytest.mark.parametrize(
    "said",
    [
        LENGTH.pack(7) + b"no json",
        LENGTH.pack(100_000) + b"[" * 100_000,
        LENGTH.pack(1 << 31),
        encode("array", [[-1], "<i2"]),
        encode("array", [[1], "|O"]),
        encode("array", [[1], "i4,i4"]),
        encode("array", [["1"], "<i2"]),
        encode("array", [[1] * 99, "<i2"]),
        encode("array", None),
        encode("release", 5),
        encode("release", None),
        encode("scratch", -5),
        encode("scratch", "much"),
        encode("refused", {"code": "NONE"}),
        encode("error", ["Sequence", [{}]]),
        encode("memory", "much"),
        encode("unheard", None),
    ],
    ids=lambda said: repr(said[:30]),
)
def test_a_worker_that_breaks_the_rules_is_lost(worker_that_says, said):
    worker, _ = worker_that_says(READY, said)
    lost = ask(worker)
    assert (lost.code, worker.at_rest) == ("POISON", False)
    assert "rules" in lost.how


def test_no_memory_is_certain_only_from_a_new_worker(worker_that_says):
    worker, _ = worker_that_says(READY, encode("memory", None))
    assert ask(worker) == Lost("TOO_LARGE", "ran out of memory", certain=True)
    worker, _ = worker_that_says(READY, encode("answer", None), encode("memory", None))
    assert isinstance(ask(worker), Answer)
    assert ask(worker) == Lost("TOO_LARGE", "ran out of memory", certain=False)


def test_silence_is_lost(worker_that_says):
    worker, _ = worker_that_says(READY, encode("beat", None))
    lost = ask(worker, replace(REQUEST, limits=replace(LIMITS, seconds=0.05)))
    assert (lost.code, worker.at_rest) == ("TIMEOUT", False)


def test_an_end_is_told_with_its_reason(worker_that_says):
    for command, how in (
        (("sh", "-c", "kill -SEGV $$"), "killed by SIGSEGV"),
        (("sh", "-c", "exit 3"), "exit code 3"),
        (("sh", "-c", "kill -40 $$"), "killed by signal 40"),
    ):
        worker, theirs = worker_that_says(READY, command=command)
        theirs.close()
        lost = ask(worker)
        assert lost.code == "POISON"
        assert how in lost.how


def test_no_start_is_an_error_of_ours(worker_that_says, open_files):
    before = open_files()
    with pytest.raises(MedidenseError, match="did not start"):
        worker_that_says(b"?" * 200, command=("true",))
    assert open_files() == before + 1  # the test's own end


def test_two_losses_make_a_refusal():
    died, late = Lost("POISON", "was killed by SIGSEGV"), Lost("TIMEOUT", "was silent for 5 s")
    assert refusal_of([died, died], REQUEST).refusal.found.count("SIGSEGV") == 1
    both = refusal_of([late, died], REQUEST).refusal
    assert (both.code, both.where, "5 s" in both.found, "SIGSEGV" in both.found) == (
        "POISON",
        "a.dcm",
        True,
        True,
    )
    assert refusal_of([died, late], REQUEST).refusal.code == "TIMEOUT"
    assert refusal_of([Lost("TOO_LARGE", "")], REQUEST).refusal.code == "TOO_LARGE"


def test_a_task_that_failed_leaves_its_worker_at_rest(worker_that_says):
    words = [encode("array", [[4], "<i2"]), encode("failed", "KeyError"), encode("answer", 5)]
    worker, _ = worker_that_says(READY, *words)
    with pytest.raises(MedidenseError, match="CORRUPT"):
        ask(worker)
    assert worker.at_rest
    assert ask(worker).value == 5


@pytest.mark.parametrize("said", [b"", encode("beat", None)])
def test_a_worker_that_keeps_its_arrays_is_lost(worker_that_says, said):
    words = [encode("array", [[4], "<i2"]), encode("answer", None), said]
    worker, _ = worker_that_says(READY, *words)
    lost = ask(worker, replace(REQUEST, limits=replace(LIMITS, seconds=0.3)))
    assert (lost.code, worker.at_rest) == ("POISON" if said else "TIMEOUT", False)
