"""Which experiment do runs of a cohort stand in, and which of its runs are dead?"""

import contextlib
import os
from typing import Any

from medidense.errors import UsageError
from medidense.track import names
from medidense.track.memory import Memory
from medidense.track.quiet import MlflowException
from medidense.track.views import experiment_tags, renewed

VARIABLE = "MLFLOW_EXPERIMENT_NAME"


def experiment_of(client: Any, name: str, location: str | None) -> str:
    """The ID of the experiment for runs of a cohort, with description and saved views.

    ``MLFLOW_EXPERIMENT_NAME`` wins over `name`; `location` and what is raised as in `home_of`.
    """
    identity = home_of(client, os.environ.get(VARIABLE) or name, location)
    show_views(client, identity)
    return identity


def home_of(client: Any, name: str, location: str | None) -> str:
    """The ID of the experiment of that name, made where missing.

    `location` is the URI for artifacts of a new one, None where the server knows. Raises UsageError where the
    experiment is deleted: MLflow keeps its name.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        return _create(client, name, location)
    if found.lifecycle_stage != "active":
        step = (
            f"bring it back with: mlflow experiments restore --experiment-id {found.experiment_id}, or set "
            f"{VARIABLE} to another name"
        )
        raise UsageError(f"MLflow experiment {name}", "it is deleted, and its name is taken", "", step)
    return str(found.experiment_id)


def show_views(client: Any, experiment: str, *, elsewhere: bool = False) -> None:
    """Give the experiment its description and saved views, `elsewhere` those of external validations too.

    What somebody wrote there stays. The views are a convenience: a store that refuses them is none the worse.
    """
    with contextlib.suppress(MlflowException):
        there = client.get_experiment(experiment).tags
        wanted = experiment_tags(experiment, elsewhere=elsewhere or names.ELSEWHERE_TAG in there)
        for key, value in wanted.items():
            new = renewed(key, there.get(key, ""), value)
            if new != there.get(key):
                client.set_experiment_tag(experiment, key, new)


def end_stale(client: Any, experiment: str, memory: Memory) -> None:
    """Mark as KILLED what a dead process of this run directory left RUNNING and nobody will go on with."""
    ours = set(memory.runs.values())
    rule = f"tags.`{names.UID}` = '{memory.uid}' and attributes.status = 'RUNNING'"
    for item in client.search_runs([experiment], rule):
        if item.info.run_id not in ours:
            client.set_terminated(item.info.run_id, "KILLED")


def cross_validation_of(client: Any, uid: str) -> str | None:
    """The ID of the parent run of the run directory `uid`, None where the store has none."""
    homes = [item.experiment_id for item in client.search_experiments()]
    rule = f"tags.`{names.UID}` = '{uid}' and tags.`{names.KIND}` = '{names.CV}'"
    found = list(client.search_runs(homes, rule, max_results=1)) if homes else []
    return str(found[0].info.run_id) if found else None


def still_there(client: Any, memory: Memory) -> bool:
    """True when every run that is remembered is in the store and not deleted."""
    try:
        found = [client.get_run(run_id) for run_id in memory.runs.values()]
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return all(item.info.lifecycle_stage == "active" for item in found)


def _create(client: Any, name: str, location: str | None) -> str:
    """A new experiment, or the one that another process made in the meantime."""
    try:
        return str(client.create_experiment(name, artifact_location=location))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(client.get_experiment_by_name(name).experiment_id)
