"""How does a package's evaluation on another cohort stand beside the cross-validation that it came from?"""

from functools import partial
from pathlib import Path
from typing import Any

from mlflow.entities import LoggedModelInput

from medidense import durable
from medidense.rundir import ExternalDir
from medidense.track import names
from medidense.track.experiments import show_views
from medidense.track.logged_model import model_of_weights
from medidense.track.opening import LOCK, Store, reached
from medidense.track.runs import Tracked, in_words
from medidense.track.steps import link_metrics, log_dataset, log_figures, log_files, log_params, log_words
from medidense.track.validation_contents import ValidationContents


def log_validation(place: ExternalDir, *, working: Path, command: str) -> Tracked:
    """Log the evaluation of a package on another cohort as one run of a kind of its own.

    It stands in the experiment of the package's cross-validation, and its figures at the cross-validation's
    model too, where the store has these. `working` and `command` as in `log_cross_validation`; so are what
    is logged twice (nothing), a store that is away, and what replaces names. Raises RunError where the files
    are damaged.
    """
    later = f"everything is kept, log it with: medidense sync {place.path}"

    def log() -> Tracked:
        with durable.locked(place.path, LOCK):
            return _log(reached(working), place, command)

    return in_words(log, later)


def _log(store: Store, place: ExternalDir, command: str) -> Tracked:
    client, contents = store.client, ValidationContents(place, store.alias)
    homes = [item.experiment_id for item in client.search_experiments()]
    model = model_of_weights(client, homes, contents.weights)
    home = model.experiment_id if model else _home_of(client, homes, contents.trained_on)
    name = client.get_experiment(home).name if home else contents.experiment
    runs = store.runs(place.tracking_path, name, command, contents.digest)
    own = {names.WEIGHTS: contents.weights} if contents.weights else {}
    kind = names.EXTERNAL_VALIDATION
    run_id = runs.run(kind, contents.title, contents.evaluated, {names.KIND: kind}, own)
    steps = {
        "params": partial(log_params, client, run_id, contents.params()),
        "dataset": partial(log_dataset, client, run_id, *contents.cohort, names.EXTERNAL_CONTEXT),
        "results": partial(_results, client, run_id, contents),
        "files": partial(_files, client, run_id, contents),
        "view": partial(show_views, client, runs.experiment, elsewhere=True),
    }
    if model:
        steps[f"figures of {model.model_id}"] = partial(_link, client, run_id, model.model_id, contents)
    with runs.status(kind, list(steps), contents.evaluated):
        for step, act in steps.items():
            runs.once(step, act)
    there = client.get_run(run_id).info.experiment_id
    return Tracked(run_id, client.get_experiment(there).name, runs.memory.store)


def _home_of(client: Any, homes: list[str], trained_on: str) -> str:
    """The experiment that holds a cross-validation of the cohort with this digest, empty where none does."""
    if not trained_on or not homes:
        return ""
    digest = trained_on[: names.DATASET_DIGEST]
    rule = f"tags.`{names.KIND}` = '{names.CV}' and dataset.digest = '{digest}'"
    found = list(client.search_runs(homes, rule, max_results=1))
    return str(found[0].info.experiment_id) if found else ""


def _results(client: Any, run_id: str, contents: ValidationContents) -> None:
    log_figures(client, run_id, contents.metrics(), contents.evaluated)
    told = {names.EXTERNAL_HEADLINE: contents.auroc.text(), names.NOTE: contents.description()}
    log_words(client, run_id, told)


def _files(client: Any, run_id: str, contents: ValidationContents) -> None:
    log_files(client, run_id, contents.files(), names.EXTERNAL_JSON)


def _link(client: Any, run_id: str, model_id: str, contents: ValidationContents) -> None:
    """Say that the run took this model, and give the model the figures with the cohort that they are of."""
    client.log_inputs(run_id, models=[LoggedModelInput(model_id)])
    link_metrics(client, run_id, model_id, contents.metrics(), contents.evaluated, contents.cohort)
