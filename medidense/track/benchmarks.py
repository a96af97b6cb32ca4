"""How does a finished benchmark become a run of an experiment of its own?"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from medidense import durable
from medidense.errors import UsageError, WriteError
from medidense.track import names
from medidense.track.memory import Memory
from medidense.track.quiet import STORE_ERRORS, client_of
from medidense.track.runs import Tracked, sentence, without_password
from medidense.track.store import artifact_location, tracking_uri

RUN = "benchmark"


@dataclass(frozen=True)
class BenchmarkFiles:
    """A benchmark in its folder: `result` is the content of benchmark.json, `files` lie in `folder`."""

    folder: Path
    result: Mapping[str, Any]
    files: Sequence[str]


def log_benchmark(found: BenchmarkFiles, *, experiment: str, working: Path, command: str) -> Tracked:
    """Log a benchmark as one run of `experiment`: figures by seed and their mean, costs, settings, files.

    `working` is the folder whose ``mlruns`` is the default store. The same result is logged once
    (tracking.json remembers). A store that is away stops nothing: `Tracked.problem` says so.
    """
    results = durable.sha256_bytes(json.dumps(found.result, sort_keys=True).encode())
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


def _logged(client: Any, experiment: str, found: BenchmarkFiles, command: str) -> str:
    """A new, finished run with everything."""
    result, moment = found.result, int(time.time() * 1000)
    tags = {names.KIND: RUN, names.USER: names.ANYBODY, names.SOURCE: command, names.NOTE: result["verdict"]}
    run_id = str(client.create_run(experiment, tags=tags, run_name=result["recipe"]).info.run_id)
    numbers = [Metric(key, value, moment, 0) for key, value in _metrics(result).items()]
    for place, seed in enumerate(result["seeds"]):
        numbers.append(Metric(names.BENCH_SEED_ACCURACY, seed["accuracy"], moment, place))
        for epoch, loss in enumerate(seed["losses"], start=1):
            numbers.append(Metric(f"{names.LOSS}/seed-{seed['seed']}", loss, moment, epoch))
        for epoch, accuracy in enumerate(seed["curve"], start=1):
            numbers.append(Metric(f"{names.BENCH_CURVE}/seed-{seed['seed']}", accuracy, moment, epoch))
    words = {
        "recipe": result["recipe"],
        "network": result["network"],
        **result["changed"],
        **result["machine"],
    }
    params = [Param(key, str(value)[:500]) for key, value in words.items()]
    passed = [RunTag(names.BENCH_PASSED, str(result["passed"]))]
    for begin in range(0, len(numbers), 500):
        client.log_batch(run_id, metrics=numbers[begin : begin + 500])
    client.log_batch(run_id, params=params, tags=passed)
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
