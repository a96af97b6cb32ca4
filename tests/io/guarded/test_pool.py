import importlib
import math
import os
import signal
import threading
import time
import warnings
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest

from medidense.errors import CohortError, MedidenseError
from medidense.io.guard import LIMITS
from medidense.io.guarded.means import Means, MissingGuardWarning
from medidense.io.guarded.pool import Pool
from medidense.io.guarded.wire import CEILING
from medidense.values import Refused

SHORT = replace(LIMITS, seconds=0.3)


def refusal(pool, task, arguments=None, limits=LIMITS):
    with pytest.raises(Refused) as caught:
        pool.call(task, arguments or {}, where="a.dcm", limits=limits)
    return caught.value.refusal


@pytest.mark.parametrize("task", ["echo", "tell"])
def test_more_than_a_message_holds_is_refused_on_either_side(pool, task):
    much = {"text": "x" * (CEILING + 1)} if task == "echo" else {"bytes": CEILING + 1}
    refused = refusal(pool, task, much)
    assert (refused.code, refused.where, refused.expected) == ("TOO_LARGE", "a.dcm", "at most 64 MiB")
    assert still_serves(pool)
    (outcome,) = pool.call_each(task, [much], where=lambda _: "b.dcm")
    assert isinstance(outcome, Refused)
    assert outcome.refusal.where == "b.dcm"


def test_a_false_answer_is_refused_and_its_worker_sent_away(pool, monkeypatch):
    """The check is the supervisor's; what it raises is never the caller's to catch."""
    asked = []

    def check(arguments, value, arrays):
        asked.append((arguments, value, len(arrays)))
        raise KeyError("affine") if value != os.getpid() else ValueError

    monkeypatch.setattr(pool, "_checks", "stub_tasks")
    monkeypatch.setattr(importlib.import_module("stub_tasks"), "CHECKS", {"pid": check}, raising=False)
    refused = refusal(pool, "pid")
    assert (refused.code, refused.where) == ("POISON", "a.dcm")
    assert "broke the rules" in refused.found
    pids = {value for _, value, _ in asked}
    assert len(pids) == len(asked) == 2  # tried twice, each time by another worker
    assert all(gone(pid) for pid in pids)
    (outcome,) = pool.call_each("pid", [{}], where=lambda _: "b.dcm")
    assert (outcome.refusal.code, outcome.refusal.where) == ("POISON", "b.dcm")
    assert still_serves(pool)


def still_serves(pool):
    return pool.call("echo", {"n": 1}, where="b").value == {"n": 1}


def gone(pid):
    """Whether a process has ended, within a few seconds."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_an_answer_comes_back_as_json_says_it(pool):
    said = {"path": "a\udcff/b.dcm", "numbers": [1, 2.5, None, True], "text": "ß" * 100_000}
    assert pool.call("echo", said, where="a").value == said


@pytest.mark.parametrize("dtype", ["<i2", ">f4", "|u1", "<c8", "|b1"])
def test_an_array_is_filled_by_the_worker(pool, dtype):
    answer = pool.call("ramp", {"shape": [3, 4, 5], "dtype": dtype}, where="a")
    first, second = answer.arrays
    assert answer.value["order"] == "F"
    assert first.tolist() == [[7, 7, 7], [7, 7, 7]]
    assert (second.shape, second.dtype, second.flags.f_contiguous) == ((3, 4, 5), np.dtype(dtype), True)
    np.testing.assert_array_equal(second.reshape(-1, order="F"), np.arange(60).astype(dtype))
    second[0, 0, 0] = 1
    assert second[0, 0, 0] == 1


def test_an_array_may_be_empty_and_may_be_given_back(pool):
    answer = pool.call("ramp", {"shape": [0, 4], "dtype": "<i4", "release": True}, where="a")
    assert [array.shape for array in answer.arrays] == [(0, 4)]


def test_an_array_outlives_its_worker_and_needs_no_open_file(open_files):
    before = open_files()
    with Pool("stub_tasks", size=1) as pool:
        kept = [pool.call("ramp", {"shape": [9], "dtype": "<i2"}, where="a").arrays[1] for _ in range(20)]
    assert all(array.tolist() == list(range(9)) for array in kept)
    assert open_files() == before


def test_the_same_workers_serve_again(pool):
    one = pool.call("pid", {}, where="a").value
    assert pool.call("pid", {}, where="a").value == one != os.getpid()


def test_a_refusal_comes_back_equal(pool):
    found = refusal(pool, "refuse")
    assert vars(found) == {
        "code": "COLOUR",
        "where": "a\udcff.dcm",
        "found": "3 samples",
        "expected": "1",
        "next_step": "convert it",
    }


def test_another_error_of_ours_comes_back_equal(pool):
    with pytest.raises(CohortError) as caught:
        pool.call("complain", {}, where="a")
    assert [problem.where for problem in caught.value.problems] == ["row 3", "row 5"]
    assert caught.value.problems[0].found == "''"


@pytest.mark.parametrize(
    ("task", "kind"), [("fail", "KeyError"), ("object", "TypeError"), ("none", "KeyError")]
)
def test_what_is_no_error_of_ours_is_corrupt_and_costs_no_worker(pool, task, kind):
    before = pool.call("pid", {}, where="a").value
    found = refusal(pool, task)
    assert (found.code, found.where) == ("CORRUPT", "a.dcm")
    assert kind in found.found
    assert "JANE" not in found.sentence
    assert pool.call("pid", {}, where="a").value == before


def test_a_worker_that_dies_twice_is_poison(pool):
    found = refusal(pool, "die", {"signal": signal.SIGSEGV})
    assert (found.code, found.where) == ("POISON", "a.dcm")
    assert "SIGSEGV" in found.found
    assert still_serves(pool)


def test_a_worker_that_dies_once_is_replaced(pool, tmp_path):
    arguments = {"signal": signal.SIGKILL, "mark": str(tmp_path / "died")}
    assert pool.call("die", arguments, where="a").value == "alive"


def test_a_task_that_ends_its_worker_is_poison(pool):
    found = refusal(pool, "leave")
    assert (found.code, "exit code 3" in found.found) == ("POISON", True)


def test_silence_is_a_timeout_and_the_workers_are_gone(pool):
    found = refusal(pool, "sleep", {"seconds": 60}, SHORT)
    assert (found.code, found.where) == ("TIMEOUT", "a.dcm")
    assert "0.3 s" in found.found
    assert all(worker.at_rest for worker in pool._workers)
    assert still_serves(pool)


def test_signs_of_life_give_more_time(pool):
    limits = replace(LIMITS, seconds=1.5)
    assert pool.call("work", {"seconds": 2.0}, where="a", limits=limits).value == "done"


def test_a_decoder_has_half_a_gigabyte(pool):
    assert pool.call("take", {"bytes": 400 << 20}, where="a").value == 400 << 20
    found = refusal(pool, "take", {"bytes": 600 << 20})
    assert (found.code, found.where) == ("TOO_LARGE", "a.dcm")
    assert pool.call("take", {"bytes": 600 << 20, "scratch": 500 << 20}, where="a").value == 600 << 20
    assert refusal(pool, "take", {"bytes": 600 << 20}).code == "TOO_LARGE"


def test_an_array_leaves_a_decoder_its_memory(pool):
    assert pool.call("take", {"array": 700 << 20, "bytes": 400 << 20}, where="a").arrays == ()
    assert refusal(pool, "take", {"array": 700 << 20, "bytes": 600 << 20}).code == "TOO_LARGE"


def test_an_array_in_a_cycle_of_references_is_given_back():
    with Pool("stub_tasks", size=1) as pool:
        pids = {pool.call("tangle", {"bytes": 600 << 20}, where="a").value for _ in range(3)}
    assert len(pids) == 1


def test_a_worker_that_leaks_is_replaced_before_an_input_is_blamed():
    with Pool("stub_tasks", size=1) as pool:
        first = pool.call("leak", {"bytes": 400 << 20}, where="a").value
        assert pool.call("leak", {"bytes": 400 << 20}, where="a").value != first


def test_the_second_try_is_on_a_new_worker():
    leak = {"bytes": 400 << 20, "seconds": 0.5}
    with Pool("stub_tasks", size=2) as pool:
        both = {answer.value for answer in pool.call_each("leak", [leak] * 2, where=str)}
        assert len(both) == 2
        assert pool.call("leak", {"bytes": 400 << 20}, where="a").value not in both


def test_a_worker_that_ended_while_idle_is_held_against_no_input(tmp_path):
    with Pool("stub_tasks", size=1) as pool:
        pool.call("pid", {}, where="a")
        (idle,) = pool._workers
        idle.kill()
        idle._process.wait(20)
        arguments = {"signal": signal.SIGKILL, "mark": str(tmp_path / "died")}
        assert pool.call("die", arguments, where="a").value == "alive"


@pytest.mark.parametrize(
    ("shape", "limits", "code"),
    [
        ((60_000, 60_000, 60_000), LIMITS, "BOMB"),
        ((1000, 1000), replace(LIMITS, decoded_bytes=999_999), "TOO_LARGE"),
        ((1 << 45,), replace(LIMITS, voxels=1 << 60, decoded_bytes=1 << 60), "TOO_LARGE"),
    ],
)
def test_too_large_an_array_is_not_made(pool, shape, limits, code):
    found = refusal(pool, "ask", {"shape": shape}, limits)
    assert (found.code, found.where) == (code, "a.dcm")
    assert still_serves(pool)


def test_many_threads_may_call(pool):
    found = {}

    def ask(number):
        answer = pool.call("ramp", {"shape": [number + 1], "dtype": "<i4"}, where="a")
        found[number] = (answer.value["sum"], answer.arrays[1].tolist())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: (n * (n + 1) / 2, list(range(n + 1))) for n in range(12)}
    assert len(pool._workers) <= 2


def test_a_worker_outlives_the_thread_that_started_it():
    with Pool("stub_tasks", size=1) as pool:
        found = []
        thread = threading.Thread(target=lambda: found.append(pool.call("pid", {}, where="a").value))
        thread.start()
        thread.join()
        assert pool.call("pid", {}, where="a").value == found[0]


def test_each_of_many_in_order(pool):
    items = [{"shape": [n], "dtype": "<i4"} for n in range(1, 30)]
    found = list(pool.call_each("ramp", items, where=str))
    assert [answer.arrays[1].size for answer in found] == list(range(1, 30))


def test_one_bad_item_among_many_is_handed_out(pool):
    items = [{"seconds": 0}, {"seconds": 60}, {"seconds": 0}]
    good, bad, last = pool.call_each("sleep", items, where=lambda one: f"item {one}", limits=SHORT)
    assert isinstance(good.value, int)
    assert isinstance(last.value, int)
    assert isinstance(bad, Refused)
    assert (bad.refusal.code, bad.refusal.where) == ("TIMEOUT", "item {'seconds': 60}")


def test_items_are_taken_as_they_are_needed_and_both_workers_work(pool):
    taken = []
    items = ({"seconds": taken.append(n) or 0.01} for n in count())
    pids = {answer.value for answer in islice(pool.call_each("sleep", items, where=str), 20)}
    assert len(taken) <= 20 + 2 * pool.size
    assert len(pids) == 2


def test_stopping_early_stops_the_workers(pool):
    found = pool.call_each("sleep", [{"seconds": 0}, *[{"seconds": 50}] * 9], where=str)
    next(found)
    busy = [worker._process.pid for worker in pool._workers]
    start = time.monotonic()
    found.close()
    assert time.monotonic() - start < 20
    assert all(gone(pid) or pid in {worker._process.pid for worker in pool._idle} for pid in busy)
    assert still_serves(pool)


def test_an_error_that_is_no_refusal_ends_the_iteration(pool):
    with pytest.raises(CohortError):
        list(pool.call_each("complain", [{}] * 3, where=str))
    assert still_serves(pool)


def test_interrupted_calls_leave_the_pool_usable(pool):
    before = {worker._process.pid for worker in pool._workers}
    main = threading.main_thread().ident
    threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        pool.call("sleep", {"seconds": 50}, where="a")
    threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        list(pool.call_each("sleep", [{"seconds": 50}] * 9, where=str))
    assert len(before & {worker._process.pid for worker in pool._workers}) < 2
    assert all(worker.at_rest for worker in pool._workers)
    assert still_serves(pool)


def test_a_forked_child_has_workers_of_its_own(pool, open_files):
    theirs = pool.call("pid", {}, where="a").value
    before = open_files()
    child = os.fork()
    if not child:
        try:
            fewer = open_files() < before  # the parent's workers must see the parent's end, not wait for ours
            own = pool.call("pid", {}, where="a").value
            pool.close()
            os._exit(0 if fewer and own != theirs else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert pool.call("pid", {}, where="a").value == theirs


def test_no_worker_can_be_started(monkeypatch):
    pool = Pool("no_such_module", size=1)
    with pytest.raises(MedidenseError, match=r"did not start.*exit code 1"):
        pool.call("echo", {}, where="a")
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(MedidenseError, match="did not start"):
        pool.call("echo", {}, where="a")


def test_where_there_are_no_workers_tasks_are_done_here():
    pool = Pool("stub_tasks", offered=Means(workers=False, address_space=False))
    with pytest.warns(RuntimeWarning, match="decoded in this process"):
        assert pool.call("pid", {}, where="a").value == os.getpid()
    answer = pool.call("ramp", {"shape": (2, 3), "dtype": "<i2", "release": True}, where="a")
    assert [array.tolist() for array in answer.arrays] == [[[0, 2, 4], [1, 3, 5]]]
    assert pool.call("echo", {"pair": (1, 2)}, where="a").value == {"pair": [1, 2]}
    codes = [refusal(pool, task).code for task in ("refuse", "fail", "object", "none")]
    assert codes == ["COLOUR", "CORRUPT", "CORRUPT", "CORRUPT"]
    assert refusal(pool, "ask", {"shape": (60_000, 60_000, 60_000)}).code == "BOMB"
    items = [{"n": 1}, {"n": 2}]
    assert [answer.value for answer in pool.call_each("echo", items, where=str)] == items
    assert not pool._workers


@pytest.mark.parametrize("workers", [True, False])
def test_a_guard_that_is_off_is_said_once(workers):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with Pool("stub_tasks", size=1, offered=Means(workers=workers, address_space=False)) as pool:
            assert still_serves(pool)
            assert still_serves(pool)
    assert [warning.category for warning in said] == [MissingGuardWarning]


def test_arguments_that_json_cannot_say_are_an_error_of_the_caller(pool):
    with pytest.raises(TypeError):
        pool.call("echo", {"x": object()}, where="a")
    assert math.isnan(pool.call("echo", {"x": math.nan}, where="a").value["x"])
