"""Who does a task, and what if he dies of it? A pool of warm workers; a task is tried twice, then refused."""

import contextlib
import importlib
import os
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Self

from medidense.io.guard import LIMITS, Limits
from medidense.io.guarded.desk import LocalDesk
from medidense.io.guarded.means import Means, MissingGuardWarning, means
from medidense.io.guarded.outcome import Answer, Task, error_of, perform
from medidense.io.guarded.process import Check, Lost, Request, Worker, refusal_of
from medidense.io.guarded.wire import decode
from medidense.values import Refused

TASKS = "medidense.io.tasks"
CHECKS = "medidense.io.answers"
"""Named, not imported: what lies above this room knows it already."""
MOST = 8
"""Workers. More than this many decode faster than one process can take their arrays in."""

Where = Callable[[Mapping[str, Any]], object]


class Leash:
    """Holds the workers that are busy for one caller, so that they stop when he goes away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[Worker] = set()
        self.cut = False

    @contextlib.contextmanager
    def on(self, worker: Worker) -> Iterator[None]:
        """Hold a worker inside the block; it is killed at once where the leash is cut already."""
        with self._lock:
            self._held.add(worker)
            if self.cut:
                worker.kill()
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(worker)

    def release(self) -> None:
        """Stop all that is held, now and later."""
        with self._lock:
            self.cut = True
            for worker in self._held:
                worker.kill()


class Pool:
    """Workers that are started when they are needed and stay for the next task.

    Many threads may call at once. A forked child has the pool too, but starts workers of its own. Workers end
    with the pool, with the program, and when the program is killed.
    """

    def __init__(
        self, tasks: str = TASKS, *, checks: str = "", size: int = 0, offered: Means | None = None
    ) -> None:
        """`tasks` is the module with TASKS, `checks` the one with CHECKS of their answers, if any.

        `size` 0 stands for the cores this process may use, 8 at most.
        """
        self._tasks, self._checks = tasks, checks
        self._means = offered or means()
        self._missing = self._means.missing
        self.size = size or min(cores(), MOST)
        self._workers: set[Worker] = set()
        self._begin()
        weakref.finalize(self, _end_all, self._workers)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_forget, weakref.ref(self)))

    def call(
        self, task: str, arguments: Mapping[str, Any], *, where: object, limits: Limits = LIMITS
    ) -> Answer:
        """See `medidense.io.guarded.call`."""
        return self._done(Request(task, arguments, where, limits, self._check_of(task)), Leash())

    def call_each(
        self, task: str, items: Iterable[Mapping[str, Any]], *, where: Where, limits: Limits = LIMITS
    ) -> Iterator[Answer | Refused]:
        """See `medidense.io.guarded.call_each`."""
        check = self._check_of(task)
        requests = (Request(task, arguments, where(arguments), limits, check) for arguments in items)
        leash = Leash()
        done = partial(self._outcome, leash=leash)
        if self._here():
            yield from map(done, requests)
            return
        waiting: deque[Future[Answer | Refused]] = deque()
        with ThreadPoolExecutor(self.size, "medidense-guard") as threads:
            try:
                for request in requests:
                    waiting.append(threads.submit(done, request))
                    if len(waiting) == 2 * self.size:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                leash.release()
                for future in waiting:
                    future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers. A later call starts new ones."""
        self._idle.clear()
        _end_all(self._workers)

    def _begin(self) -> None:
        """Have no worker, and all locks open."""
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(self.size)
        self._idle: list[Worker] = []

    def _check_of(self, task: str) -> Check | None:
        """What compares answers to this task with what was asked."""
        if not self._checks:
            return None
        checks: Mapping[str, Check] = importlib.import_module(self._checks).CHECKS
        return checks.get(task)

    def _outcome(self, request: Request, leash: Leash) -> Answer | Refused:
        """What became of one item of many."""
        try:
            return self._done(request, leash)
        except Refused as refused:
            return refused.with_traceback(None)  # which would keep the frames of this call

    def _done(self, request: Request, leash: Leash) -> Answer:
        """The answer. Raises the error that the task ended in, or a refusal when two workers were lost."""
        content = request.encoded()
        if self._here():
            return self._locally(request, content)
        losses: list[Lost] = []
        for fresh in (False, True):
            with self._lent(leash, fresh) as worker:
                found = worker.ask(request, content)
            if isinstance(found, Answer):
                return found
            losses.append(found)
            if found.certain or leash.cut:
                break
        raise refusal_of(losses, request)

    @contextlib.contextmanager
    def _lent(self, leash: Leash, fresh: bool) -> Iterator[Worker]:
        """A worker for one task, afterwards idle, or ended where it is not at rest."""
        with self._slots:
            worker = self._hired(fresh)
            try:
                with leash.on(worker):
                    yield worker
            finally:
                if worker.at_rest:
                    self._idle.append(worker)
                else:
                    self._dismiss(worker)

    def _hired(self, fresh: bool) -> Worker:
        """An idle worker, or a new one. Where it must be `fresh`, an idle one makes room for it."""
        while worker := self._taken():
            if worker.alive and not fresh:
                return worker
            self._dismiss(worker)
            if fresh:
                break
        worker = Worker(self._tasks)
        self._workers.add(worker)
        return worker

    def _taken(self) -> Worker | None:
        """The worker that was idle for the shortest time: its caches are the warmest."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _dismiss(self, worker: Worker) -> None:
        worker.end()
        self._workers.discard(worker)

    def _here(self) -> bool:
        """Whether tasks are done in this process; says, the first time, which guard is off."""
        missing, self._missing = self._missing, ()
        for sentence in missing:
            warnings.warn(sentence, MissingGuardWarning, stacklevel=2)
        return not self._means.workers

    def _locally(self, request: Request, content: bytes) -> Answer:
        """The answer of a task that is done in this process, with the words it would have had in a worker."""
        tasks: Mapping[str, Task] = importlib.import_module(self._tasks).TASKS
        desk = LocalDesk(request.where, request.limits)
        arguments = decode(content).body["arguments"]
        answered, said = perform(tasks, request.task, arguments, desk)
        message = decode(said)
        if answered:
            return Answer(message.body, desk.arrays)
        raise error_of(message, request.where)

    def _forget(self) -> None:
        """In a forked child: have no worker yet. Those of the parent stay its own."""
        for worker in self._workers:
            worker.forget()
        self._workers.clear()
        self._begin()


def cores() -> int:
    """Cores that this process may use; those of the machine where the system does not tell (macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_all(workers: set[Worker]) -> None:
    while workers:
        workers.pop().end()


def _forget(mine: "weakref.ref[Pool]") -> None:
    pool = mine()
    if pool is not None:
        pool._forget()


POOL = Pool(checks=CHECKS)
"""The workers of this process.

The one object of the package that lives as long as the program: starting a worker takes longer than reading a
volume, so every reader must find the same warm ones. It decides nothing: which worker does a task changes no
result.
"""
