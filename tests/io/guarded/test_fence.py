"""What a process sets itself, tried in processes of their own; `test_worker` sees the same in a worker."""

import socket
import subprocess
import sys

import pytest

from medidense.io.guarded import fence

pytestmark = pytest.mark.slow  # each case is a process of its own


def ended(text, **options):
    """What a process printed, and how it ended."""
    head = "import resource, signal, time\nfrom medidense.io.guarded import fence\n"
    process = subprocess.run(
        [sys.executable, "-c", head + text], capture_output=True, text=True, timeout=30, **options
    )
    return process.stdout.strip(), process.returncode


def test_a_lower_limit_of_the_system_stays():
    text = (
        "resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\nfence.shut_in()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert ended(text) == ("(20, 20) (0, 0)", 0)


def test_a_limit_cannot_be_raised_again():
    text = (
        "fence.shut_in()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_FSIZE),"
        " signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    )
    assert ended(text) == (f"({fence.FILES}, {fence.FILES}) (0, 0) True", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
@pytest.mark.parametrize(("granted", "fits"), [(0, False), (fence.SPARE, True)])
def test_memory_is_what_is_spare_and_what_was_granted(granted, fits):
    text = (
        f"space = fence.Space()\nspace.widen({granted})\n"
        f"try:\n    bytearray({fence.SPARE} + (64 << 20))\n    print(True)\n"
        "except MemoryError:\n    print(False)"
    )
    assert ended(text) == (str(fits), 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_a_grant_ends():
    text = (
        f"space = fence.Space()\nspace.widen({fence.SPARE})\nspace.widen(0)\n"
        f"try:\n    bytearray({fence.SPARE} + (64 << 20))\n    print(True)\n"
        "except MemoryError:\n    print(False)"
    )
    assert ended(text) == ("False", 0)


def test_without_a_proc_file_system_nothing_is_limited(monkeypatch):
    monkeypatch.setattr(fence, "_mapped_now", lambda: 0)
    monkeypatch.setattr(fence.resource, "setrlimit", lambda *_: pytest.fail("limited"))
    fence.Space().widen(1)


def test_the_clock_is_stopped_and_wound_up_again():
    stopped = "fence.GRACE = 0.1\nfence.wind_up(0.1)\nfence.wind_up(0)\ntime.sleep(0.5)\nprint('alive')"
    assert ended(stopped) == ("alive", 0)
    again = "fence.GRACE = 0.1\nfor _ in range(3):\n    fence.wind_up(1)\n    time.sleep(0.5)\nprint('alive')"
    assert ended(again + "\nfence.wind_up(0)") == ("alive", 0)


def test_a_process_ends_with_its_channel():
    mine, theirs = socket.socketpair()
    number = theirs.fileno()
    text = (
        f"import socket\nchannel = socket.socket(fileno={number})\nfence.end_with(channel)\n"
        "channel.send(b'x')\ntime.sleep(25)\nprint('late')"
    )
    head = "import time\nfrom medidense.io.guarded import fence\n"
    process = subprocess.Popen([sys.executable, "-c", head + text], pass_fds=[number], stdout=subprocess.PIPE)
    theirs.close()
    assert mine.recv(1) == b"x"
    assert process.poll() is None
    mine.close()
    assert process.communicate(timeout=10) == (b"", None)
    assert process.returncode == 0
