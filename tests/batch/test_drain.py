"""Is the first signal a wish, the second an order, and afterwards everything as before?"""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from medidense.batch.drain import draining


@pytest.fixture
def restored() -> Iterator[None]:
    """The handler of SIGINT as it was, after the test."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_is_remembered_with_its_exit_code(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with draining() as drain:
        assert not drain.requested
        os.kill(os.getpid(), number)
        assert drain.requested
        error = drain.interrupted("out", 3)
    assert error.exit_code == code
    assert error.lines == ("out: told to stop; found 3 inputs done; the same command goes on from there",)
    assert signal.getsignal(number) is before


def test_a_second_signal_acts_as_ever(restored: None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
    with draining() as drain:
        os.kill(os.getpid(), signal.SIGINT)
        assert drain.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_another_thread_leaves_the_handlers_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with draining() as drain:
            seen.append((drain.requested, signal.getsignal(signal.SIGTERM) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, True)]
