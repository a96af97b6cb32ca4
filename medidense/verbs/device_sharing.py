"""How is one network trained by several processes, a device each, so that none outlives another?

This process trains nothing: it starts the ranks, passes on how far they are, and ends all when one ends
badly. What they begin they leave in files, so that the same command goes on after any of them was killed.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medidense import errors
from medidense.errors import MedidenseError, Problem
from medidense.io import worker_environment
from medidense.verbs.progress import Progress
from medidense.verbs.training_job import TrainingJob

START = "from medidense.verbs.rank_process import main; main()"
"""What a rank runs."""

LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
"""The ranks of one machine talk to nobody else."""

GRACE_S = 10.0
"""Seconds that the others have to say what they saw, or to keep their state, once one has ended."""

LOOK_S = 0.2

DEBUG = "MEDIDENSE_RANK_DEBUG"
"""With this variable set the ranks' own stderr is shown."""


def train_on_ranks(job: TrainingJob, progress: Progress) -> None:
    """Have as many ranks as the job has devices do it; weights and epochs then lie where it says.

    Raises what a rank raised of medidense's errors, and MedidenseError where one ended in another way.
    Ctrl-C and SIGTERM let the first rank keep its state.
    """
    ranks = _Ranks(job)
    try:
        for message in ranks.told():
            progress(*message)
    except BaseException:
        ranks.end(gently=True)
        raise
    finally:
        ranks.end()
    ranks.complain()


class _Ranks:
    """The processes, from their start to their end."""

    def __init__(self, job: TrainingJob) -> None:
        self._device = job.on
        self._messages: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self._ended_here: list[tuple[int, int]] = []
        self._errors: dict[int, dict[str, Any]] = {}
        self._processes: list[subprocess.Popen[str]] = []
        self._readers: list[threading.Thread] = []
        meeting = str(Path(job.out) / "meeting")
        for rank in range(self._device.devices):
            self._start(rank, json.dumps({"job": asdict(job), "rank": rank, "meeting": meeting}))

    def told(self) -> Iterator[Sequence[Any]]:
        """What the first rank tells of its progress, until all have ended or one has ended badly."""
        while any(process.poll() is None for process in self._processes):
            with contextlib.suppress(queue.Empty):
                yield from self._taken(*self._messages.get(timeout=LOOK_S))
            if any(process.poll() for process in self._processes):
                break
        end = time.monotonic() + GRACE_S
        while any(process.poll() is None for process in self._processes) and time.monotonic() < end:
            time.sleep(LOOK_S)
        self.end()
        for thread in self._readers:
            thread.join()
        while not self._messages.empty():
            yield from self._taken(*self._messages.get())

    def complain(self) -> None:
        """Raise what went wrong, if anything did: what a rank says of its own, or how one ended."""
        for rank in sorted(self._errors):
            told = self._errors[rank]
            kind = getattr(errors, told["kind"], MedidenseError)
            raise kind.several([Problem(**problem) for problem in told["problems"]])
        ended = [(rank, process.returncode) for rank, process in enumerate(self._processes)]
        bad = [(rank, code) for rank, code in ended if code]
        if bad:
            alone = [one for one in bad if one not in self._ended_here]
            rank, code = min(alone or bad, key=lambda one: one[1])  # a signal first: others end because of it
            how = f"rank {rank} was ended by signal {-code}" if code < 0 else f"rank {rank} ended with {code}"
            where = f"training on {self._device.devices} devices"
            step = f"run the same command again, it goes on; {DEBUG}=1 shows what a rank says"
            raise MedidenseError(where, "a process was lost and the others were ended", how, step)

    def end(self, *, gently: bool = False) -> None:
        """No rank lives after this. `gently`: the first one may write its state before."""
        first = self._processes[0]
        if gently and first.poll() is None:
            first.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                first.wait(GRACE_S)
        for rank, process in enumerate(self._processes):
            if process.poll() is None:
                self._ended_here.append((rank, -signal.SIGKILL))
                process.kill()
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()

    def _taken(self, rank: int, message: dict[str, Any]) -> Iterator[Sequence[Any]]:
        if "progress" in message and rank == 0:
            yield message["progress"]
        elif "kind" in message:
            self._errors[rank] = message

    def _start(self, rank: int, job: str) -> None:
        """Start a rank; it ends when its standard input is closed, as it is when this process dies."""
        threads = str(self._device.threads)
        environment = worker_environment() | LOOPBACK | {"LOCAL_RANK": str(rank)}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", START],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get(DEBUG) else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(job + "\n")
                process.stdin.flush()

        def read() -> None:
            for line in process.stdout or ():
                self._messages.put((rank, json.loads(line)))

        self._processes.append(process)
        self._readers.append(threading.Thread(target=read, daemon=True))
        self._readers[-1].start()
