"""Which version of the registered model is a run's, and which version is the champion?"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from medidense.errors import RunError, UsageError
from medidense.track import names
from medidense.track.contents import Contents
from medidense.track.logged_model import model_of
from medidense.track.quiet import MlflowException
from medidense.track.steps import link_metrics

ABOUT = (
    "One version for each cross-validation. `challenger` is the newest one; `champion` is moved by "
    "`medidense promote` alone. Research software, not a medical device."
)


@dataclass(frozen=True)
class Promoted:
    """`version` of the registered model `model` is the champion now, `before` was ("": none).

    `headline` is its pooled AUROC with the interval, in words ("" where the version has none); `store` is the
    registry's address.
    """

    model: str
    version: str
    before: str
    headline: str
    store: str


def model_name(experiment: str) -> str:
    """The registered model of an experiment: its name, but for signs that MLflow refuses or quotes.

    >>> model_name("lung: CT/2026")
    'lung- CT-2026'
    """
    return re.sub(r"[^\w .-]", "-", experiment)


def link_figures(client: Any, run_id: str, contents: Contents) -> None:
    """Give the run's model the run's figures; the same ones again add nothing."""
    model, moment = model_of(client, run_id), contents.evaluated
    if model is None:
        return
    dataset = contents.asked["cohort_name"], contents.run.cohort_digest
    link_metrics(client, run_id, model.model_id, contents.metrics(), moment, dataset)


def register(client: Any, run_id: str, contents: Contents) -> None:
    """Make the run's model a version of its experiment's registered model, once, with the headline.

    The newest version becomes the challenger; the champion stays what it is.
    """
    model = model_of(client, run_id)
    if model is None:
        return
    name = _name_for(client, run_id)
    with _unless("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(name, description=ABOUT)
    said = f"{contents.description().splitlines()[0]} Research software, not a medical device."
    version = version_of(client, name, run_id)
    if version is None:
        version = client.create_model_version(
            name, model.artifact_location, run_id, description=said, model_id=model.model_id
        )
    client.update_model_version(name, version.version, said)
    client.set_model_version_tag(name, version.version, names.VERSION_AUROC, contents.auroc.text())
    _tell_model(client, model.model_id, name, int(version.version))
    newest = max(int(one.version) for one in _versions(client, name))
    client.set_registered_model_alias(name, names.CHALLENGER, str(newest))


def _tell_model(client: Any, model_id: str, name: str, version: int) -> None:
    """Have the page of the model link its version, as MLflow's server does; a SQLite store does not."""
    known = json.loads(client.get_logged_model(model_id).tags.get(names.VERSIONS_TAG, "[]"))
    if not any(one["name"] == name and int(one["version"]) == version for one in known):
        told = json.dumps([*known, {"name": name, "version": version}])
        client.set_logged_model_tags(model_id, {names.VERSIONS_TAG: told})


def version_of(client: Any, name: str, run_id: str) -> Any:
    """The version of a registered model that a run's model is, None where there is none."""
    found = client.search_model_versions(f"run_id = '{run_id}'")
    return next((one for one in found if one.name == name), None)


def crown(client: Any, name: str, version: str) -> tuple[str, str]:
    """Make a version the champion; (the one before or "", the headline of the new one or "").

    Raises UsageError where there is no such version.
    """
    try:
        new, model = client.get_model_version(name, version), client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        known = ", ".join(sorted(one.name for one in client.search_registered_models())) or "none"
        step = f"name a run directory, or a version of one of: {known}"
        raise UsageError(f"{name}/{version}", "no such version is registered", "", step) from None
    before = str(model.aliases.get(names.CHAMPION, ""))
    if before != version:
        client.set_registered_model_alias(name, names.CHAMPION, version)
    return before, str(new.tags.get(names.VERSION_AUROC, ""))


def version_of_run(client: Any, run_id: str, where: str) -> tuple[str, str]:
    """(registered model, version) of a run of the store. Raises RunError where it is not registered."""
    name = _name_for(client, run_id)
    version = version_of(client, name, run_id)
    if version is None:
        step = "run medidense cv again to log it with its model, or name NAME/VERSION"
        raise RunError(where, "no version of this run is registered", name, step)
    return name, str(version.version)


def _name_for(client: Any, run_id: str) -> str:
    """The registered model that a run belongs to."""
    experiment = client.get_run(run_id).info.experiment_id
    return model_name(client.get_experiment(experiment).name)


def _versions(client: Any, name: str) -> list[Any]:
    """All versions of a registered model."""
    found, token = [], None
    while True:
        page = client.search_model_versions(f"name = '{name}'", page_token=token)
        found += page
        token = page.token
        if not token:
            return found


@contextlib.contextmanager
def _unless(code: str) -> Iterator[None]:
    """Pass over one kind of MLflow's errors."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != code:
            raise
