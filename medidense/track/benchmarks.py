"""How does a finished benchmark become a run of an experiment of its own?"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from medidense import durable
from medidense.track import names
from medidense.track.experiments import home_of
from medidense.track.kept_runs import KeptRuns
from medidense.track.opening import LOCK, Store, reached
from medidense.track.runs import Tracked, in_words
from medidense.track.store import artifact_location

RUN = "benchmark"


@dataclass(frozen=True)
class BenchmarkRecord:
    """A finished benchmark: its `name`, `verdict` in one line (`passed` is None without one) and `figures`.

    `series` are (metric, value, step), `facts` are settings and hardware; `files` lie in `folder`.
    """

    folder: Path
    name: str
    verdict: str
    passed: bool | None
    figures: Mapping[str, float]
    series: Sequence[tuple[str, float, int]]
    facts: Mapping[str, str]
    files: Sequence[str]


def trainings_record(folder: Path, result: Mapping[str, Any], files: Sequence[str]) -> BenchmarkRecord:
    """The record of a benchmark.json, `result`: figures by seed and their mean, costs, settings."""
    series = []
    for place, seed in enumerate(result["seeds"]):
        series.append((names.BENCH_SEED_ACCURACY, seed["accuracy"], place))
        for key, values in ((names.LOSS, seed["losses"]), (names.BENCH_CURVE, seed["curve"])):
            series += [(f"{key}/seed-{seed['seed']}", value, epoch) for epoch, value in enumerate(values, 1)]
    facts = {"recipe": result["recipe"], "network": result["network"]}
    facts |= {**result["changed"], **result["machine"]}
    return BenchmarkRecord(
        folder, result["recipe"], result["verdict"], result["passed"], _metrics(result), series, facts, files
    )


def log_benchmark(found: BenchmarkRecord, *, experiment: str, working: Path, command: str) -> Tracked:
    """Log a benchmark as one run of `experiment`: figures, series, facts, files.

    `working` is the folder whose ``mlruns`` is the default store. The same result is one run, another one
    another (tracking.json remembers); what broke off goes on. A store that is away stops nothing:
    `Tracked.problem` says so.
    """

    def log() -> Tracked:
        with durable.locked(found.folder, LOCK):
            return _log(reached(working), found, experiment, command)

    return in_words(log, "run the same command again to log it")


def _log(store: Store, found: BenchmarkRecord, experiment: str, command: str) -> Tracked:
    content = {**asdict(found), "folder": ""}
    results = durable.sha256_bytes(json.dumps(content, sort_keys=True, default=dict).encode())
    memory = store.memory(found.folder / "tracking.json", results)
    if not {RUN, f"end of {RUN}"} & set(memory.done):  # older versions remember the one step of that name
        home = home_of(store.client, experiment, artifact_location(store.uri))
        if not memory.done:  # the run that is remembered may be that of another result
            memory.runs.clear()
        _send(store.kept(memory, home, command), found, results)
    return Tracked(memory.runs[RUN], experiment, memory.store)


def _send(runs: KeptRuns, found: BenchmarkRecord, results: str) -> None:
    """What is not there yet of the run of this result."""
    client, now = runs.client, round(1000 * time.time())
    known = {names.KIND: RUN, names.BENCH_RESULT: results[:16]}
    run_id = runs.run(RUN, found.name, now, known, {names.NOTE: found.verdict})
    moment = client.get_run(run_id).info.start_time
    steps = {
        "figures": lambda: _figures(client, run_id, found, moment),
        "files": lambda: [client.log_artifact(run_id, str(found.folder / name)) for name in found.files],
    }
    with runs.status(RUN, list(steps), now):
        for step, act in steps.items():
            runs.once(step, act)


def _figures(client: Any, run_id: str, found: BenchmarkRecord, moment: int) -> None:
    """Numbers, all of the time `moment` (ms since 1970): the same ones again add nothing; and facts."""
    numbers = [Metric(key, value, moment, 0) for key, value in found.figures.items()]
    numbers += [Metric(key, value, moment, step) for key, value, step in found.series]
    for begin in range(0, len(numbers), 500):
        client.log_batch(run_id, metrics=numbers[begin : begin + 500])
    params = [Param(key, str(value)[:500]) for key, value in found.facts.items()]
    client.log_batch(run_id, params=params, tags=[RunTag(names.BENCH_PASSED, str(found.passed))])


def _metrics(result: Mapping[str, Any]) -> dict[str, float]:
    seeds = result["seeds"]
    given = {
        names.BENCH_ACCURACY: result["accuracy"],
        names.BENCH_ERROR: result["error"],
        names.BENCH_SPREAD: result["spread"],
        names.BENCH_SPEED: sum(seed["images_per_second"] for seed in seeds) / len(seeds),
        names.BENCH_SECONDS: sum(seed["train_seconds"] for seed in seeds) / len(seeds),
        **{f"cost/{key}": value for key, value in result["costs"].items()},
    }
    return {key: float(value) for key, value in given.items() if value is not None}
