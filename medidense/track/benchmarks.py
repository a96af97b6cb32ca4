"""How does a finished benchmark become a run of an experiment of its own?"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from medidense import durable
from medidense.errors import UsageError, WriteError
from medidense.track import names
from medidense.track.memory import Memory
from medidense.track.opening import sentence, without_password
from medidense.track.quiet import STORE_ERRORS, client_of
from medidense.track.runs import Tracked
from medidense.track.store import artifact_location, tracking_uri

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

    `working` is the folder whose ``mlruns`` is the default store. The same result is logged once
    (tracking.json remembers). A store that is away stops nothing: `Tracked.problem` says so.
    """
    content = {**asdict(found), "folder": ""}
    results = durable.sha256_bytes(json.dumps(content, sort_keys=True, default=dict).encode())
    try:
        uri = tracking_uri(working)
        client = client_of(uri)
        memory = Memory.of(found.folder / "tracking.json", without_password(uri), results)
        if RUN in memory.runs and memory.done == [RUN]:
            return Tracked(memory.runs[RUN], experiment, memory.store)
        run_id = _logged(client, _experiment(client, experiment, artifact_location(uri)), found, command)
        memory.runs[RUN] = run_id
        memory.done = [RUN]
        memory.save()
    except STORE_ERRORS as error:
        return Tracked(problem=sentence(error))
    except (UsageError, WriteError) as error:
        return Tracked(problem=error.lines[0])
    return Tracked(run_id, experiment, memory.store)


def _experiment(client: Any, name: str, location: str | None) -> str:
    """The ID of the experiment, made where missing."""
    held = client.get_experiment_by_name(name)
    return str(held.experiment_id if held else client.create_experiment(name, artifact_location=location))


def _logged(client: Any, experiment: str, found: BenchmarkRecord, command: str) -> str:
    """A new, finished run with everything."""
    moment = int(time.time() * 1000)
    tags = {names.KIND: RUN, names.USER: names.ANYBODY, names.SOURCE: command, names.NOTE: found.verdict}
    run_id = str(client.create_run(experiment, tags=tags, run_name=found.name).info.run_id)
    numbers = [Metric(key, value, moment, 0) for key, value in found.figures.items()]
    numbers += [Metric(key, value, moment, step) for key, value, step in found.series]
    params = [Param(key, str(value)[:500]) for key, value in found.facts.items()]
    for begin in range(0, len(numbers), 500):
        client.log_batch(run_id, metrics=numbers[begin : begin + 500])
    client.log_batch(run_id, params=params, tags=[RunTag(names.BENCH_PASSED, str(found.passed))])
    for name in found.files:
        client.log_artifact(run_id, str(found.folder / name))
    client.set_terminated(run_id)
    return run_id


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
