"""Which runs that a store calls RUNNING belong to a process of this machine that has died?"""

import hmac
from collections.abc import Iterable
from typing import Any

from medidense.rundir import Presence, living, this_process
from medidense.track import names

DIGITS = 12
PAGE = 1000


def mark(key: bytes, process: Presence) -> str:
    """A process as a tag: four keyed digests (HMAC-SHA256), of machine, boot, space and process.

    Nobody without `key` learns a host's name from it. Empty for a process that cannot be told apart.

    >>> mark(bytes(32), Presence())
    ''
    >>> mark(bytes(32), Presence("m", "b", "s", 1, 2)).count(".")
    3
    """
    if not process.machine:
        return ""
    words = (
        process.machine,
        process.boot,
        process.space,
        f"{process.boot} {process.space} {process.pid} {process.started}",
    )
    return ".".join(hmac.new(key, word.encode(), "sha256").hexdigest()[:DIGITS] for word in words)


def end_dead(client: Any, key: bytes, own: str) -> None:
    """End as KILLED what dead processes of this machine left RUNNING, in every experiment of the store.

    Runs of the run directory `own` (its uid) are left: they are gone on with. A process that cannot be seen
    from here, on another machine or in another container, counts as alive.
    """
    here = this_process()
    ours = mark(key, here)
    if not ours:
        return
    machine, boot, space, _ = ours.split(".")
    rule = f"attributes.status = 'RUNNING' and tags.`{names.PROCESS}` LIKE '{machine}.%'"
    homes = [item.experiment_id for item in client.search_experiments(max_results=PAGE)]
    found = client.search_runs(homes, rule, max_results=PAGE) if homes else []
    alive = {mark(key, process) for process in living()} if found else set()
    for item in found:
        tag = item.data.tags[names.PROCESS]
        _, its_boot, its_space, _ = tag.split(".")
        dead = its_boot != boot or (its_space == space and tag not in alive)
        if dead and item.data.tags.get(names.UID) != own:
            client.set_terminated(item.info.run_id, "KILLED", end_time=_last(item))


def _last(run: Any) -> int:
    """When the run last told something, in ms since 1970: how long ago its process died nobody knows."""
    moments: Iterable[int] = (metric.timestamp for metric in run.data._metric_objs)
    return max([run.info.start_time, *moments])
