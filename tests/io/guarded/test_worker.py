"""What a worker is and may, and how it ends: `medidense.io.worker` with `fence` and `starting`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medidense.io.guard import LIMITS
from medidense.io.guarded.fence import GRACE, SPARE

USED = "print(pool.call({!r}, {!r}, where='a').value, flush=True)\n"
POOL = "pool = Pool('stub_tasks', size=1)\n"


def gone(pid):
    """Whether a process ends within a few seconds."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def waited_for(path):
    """A path, as soon as it is there."""
    for _ in range(1500):
        if path.exists():
            return path
        time.sleep(0.02)
    raise AssertionError(f"no {path}")


def test_a_worker_is_limited_and_has_nothing_of_the_program(pool, tmp_path, monkeypatch):
    pool.call("pid", {}, where="a")
    monkeypatch.chdir(tmp_path)
    seen = pool.call("look", {}, where="a").value
    limits = seen["limits"]
    assert (limits["RLIMIT_CORE"], limits["RLIMIT_NOFILE"], limits["RLIMIT_FSIZE"]) == (0, 64, 0)
    assert SPARE < limits["RLIMIT_AS"] < SPARE + (2 << 30)
    assert not {"torch", "monai", "mlflow", "sklearn", "pytest"} & set(seen["modules"])
    assert {"pydicom.pixels.decoders", "nibabel", "PIL.PngImagePlugin"} <= set(seen["modules"])
    assert (seen["input"], seen["threads"], seen["folder"]) == ("", "1", str(tmp_path))
    assert seen["session"] == seen["pid"]
    assert LIMITS.seconds < seen["seconds_left"] <= LIMITS.seconds + GRACE
    assert seen["files"] <= 6


def test_a_worker_writes_no_file(pool, tmp_path):
    assert pool.call("write", {"path": str(tmp_path / "a")}, where="a").value == "File too large"
    assert (tmp_path / "a").read_bytes() == b""


def test_signals_for_the_program_do_not_end_a_worker(pool):
    pid = pool.call("pid", {}, where="a").value
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert pool.call("pid", {}, where="a").value == pid


def test_a_program_from_standard_input_beside_misleading_files(script):
    text = (
        "import pathlib\n"
        "for name in ('random', 'numpy', 'json', 'pydicom', 'medidense'):\n"
        "    pathlib.Path(name + '.py').write_text('raise SystemExit(5)')\n"
    )
    process = script(text + POOL + "print(len(pool.call('look', {}, where='a').value['modules']) > 99)\n")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "True\n", "")


def test_the_chatter_of_a_decoder_is_not_for_the_user(script):
    process = script(POOL + USED.format("chatter", {}))
    assert process.communicate(timeout=60) == ("said\n", "")


@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_ends_with_a_program_that_is_killed(script, tmp_path, busy):
    work = "pool.call('sleep', {'seconds': 50, 'mark': 'busy'}, where='a')\n"
    rest = "import time, pathlib\npathlib.Path('rest').mkdir()\ntime.sleep(50)\n"
    process = script(POOL + USED.format("pid", {}) + (work if busy else rest))
    worker = int(process.stdout.readline())
    waited_for(tmp_path / ("busy" if busy else "rest"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert gone(worker)


def test_a_worker_ends_when_its_program_does(script):
    process = script(POOL + USED.format("pid", {}))
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert gone(int(out))


def test_ctrl_c_ends_the_call_and_not_the_pool(tmp_path):
    text = (
        "from medidense.io.guarded.pool import Pool\n"
        + POOL
        + USED.format("pid", {})
        + "try:\n    pool.call('sleep', {'seconds': 50, 'mark': 'busy'}, where='a')\n"
        + "except KeyboardInterrupt:\n    "
        + USED.format("echo", {"n": 1})
    )
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )
    worker = int(process.stdout.readline())
    waited_for(tmp_path / "busy")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "{'n': 1}\n", "")
    assert gone(worker)


def test_the_input_of_a_program_is_its_own():
    text = (
        "import sys\nfrom medidense.io.guarded.pool import Pool\n"
        + POOL
        + "print(pool.call('look', {}, where='a').value['input'], sys.stdin.read())\n"
    )
    command = [sys.executable, "-c", text]
    process = subprocess.run(command, input="for the program", capture_output=True, text=True, timeout=60)
    assert process.stdout == " for the program\n"


def test_a_hung_worker_ends_itself_when_nobody_is_left_to_do_it():
    text = (
        "import time\nfrom medidense.io.guarded import fence\n"
        "fence.GRACE = 0.1\nfence.wind_up(0.1)\ntime.sleep(50)\n"
    )
    process = subprocess.run([sys.executable, "-c", text], timeout=30)
    assert process.returncode == -signal.SIGALRM


def test_by_hand_it_shows_whether_it_works():
    command = [sys.executable, "-P", "-m", "medidense.io.worker"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
