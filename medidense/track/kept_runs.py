"""How is a run of one run directory found or made, and given its status, so that there is one of each?"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from medidense.track import names
from medidense.track.memory import Memory
from medidense.track.quiet import STORE_ERRORS


@dataclass(frozen=True, eq=False)
class KeptRuns:
    """The runs of one experiment that `memory` remembers.

    `command` stands where MLflow would write a script's path; `mark` tells which process is at work.
    """

    client: Any
    experiment: str
    memory: Memory
    command: str
    mark: str = ""

    def run(
        self,
        name: str,
        title: str,
        begin: int,
        tags: Mapping[str, str],
        beside: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """The ID of the run that is remembered under `name`, made where there is none.

        It is known by `tags`; those `beside` are written too. A process that was killed after it had made the
        run, and before it could remember it, left it in the store: that one is gone on with.
        """
        if name not in self.memory.runs:
            known = {names.UID: self.memory.uid, **tags}
            rule = " and ".join(f"tags.`{key}` = '{value}'" for key, value in known.items())
            found = list(self.client.search_runs([self.experiment], rule, max_results=1))
            if not found:
                about = {names.USER: names.ANYBODY, names.SOURCE: self.command, names.PROCESS: self.mark}
                own = {**known, **about, **beside, names.VERSION: version("medidense")}
                found = [self.client.create_run(self.experiment, start_time=begin, tags=own, run_name=title)]
            self.memory.runs[name] = found[0].info.run_id
            self.memory.told.pop(name, None)
            self.memory.save()
        return self.memory.runs[name]

    @contextlib.contextmanager
    def status(self, name: str, steps: list[str], end: int) -> Iterator[None]:
        """FINISHED when the block ends, FAILED when it does not; left alone where all was done before."""
        ended = f"end of {name}"
        if {*steps, ended} <= set(self.memory.done):
            yield
            return
        self.tell(name, names.RUNNING)
        status = names.FAILED
        try:
            yield
            status = names.FINISHED
        finally:
            done = (
                contextlib.nullcontext() if status == names.FINISHED else contextlib.suppress(*STORE_ERRORS)
            )
            with done:
                self.tell(name, status, end)
        self.memory.finish(ended)

    def tell(self, name: str, status: str, end: int | None = None) -> None:
        """Give a run a status, unless it is the last that this process gave it; `end` is in ms since 1970."""
        if self.memory.told.get(name) == status:
            return
        run_id = self.memory.runs[name]
        if status == names.RUNNING:
            self.client.set_tag(run_id, names.PROCESS, self.mark)
        if status == names.RUNNING or end is None:
            self.client.update_run(run_id, status=status)
        else:
            self.client.set_terminated(run_id, status, end_time=end)
        self.memory.told[name] = status
        self.memory.save()

    def once(self, step: str, act: Callable[[], object]) -> None:
        """Do a step unless it was done."""
        if step not in self.memory.done:
            act()
            self.memory.finish(step)
