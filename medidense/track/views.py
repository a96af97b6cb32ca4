"""What does a reviewer see first: cross-validations, best first, and the curves of their folds."""

import json
import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from medidense.track import names

SHOWN = (
    names.PATIENTS,
    names.pooled("sensitivity"),
    names.pooled("specificity"),
    names.AUROC,
    names.AUROC + names.LOW,
    names.AUROC + names.HIGH,
)
"""On whom comes next to how good; the AUROC as a number, which the sentence before has, comes last."""

CURVES = (names.LOSS, names.VALIDATION_LOSS, names.LEARNING_RATE, names.EPOCH_SECONDS)

RUN_NAME = "attributes.`Run Name`"

FIRST = "Cross-validations of one cohort."
OWN_WORDS = re.compile(re.escape(FIRST) + r"(?: (?:· )?\[[^]]*\]\([^)]*\))*")
"""Our description of an experiment, with its links."""

SETTLED = {"isReordered": False, "deleted": False, "isGenerated": False}
"""What MLflow wants to know of a section that stands where it was put."""


def leaderboard_link(server: str, experiment_id: str) -> str:
    """The leaderboard's address on a server (``""``: relative), opened in model-training mode.

    >>> leaderboard_link("http://127.0.0.1:5000", "1")
    'http://127.0.0.1:5000/#/experiments/1/runs?viewStateShareKey=leaderboard&workflowType=machine_learning'
    """
    return f"{server}/#/experiments/{experiment_id}/runs?{_shared(names.LEADERBOARD)}"


def fold_curves_link(server: str, experiment_id: str) -> str:
    """The address of the fold curves, opened as charts.

    >>> fold_curves_link("", "1").partition("runs?")[2]
    'viewStateShareKey=folds&workflowType=machine_learning&compareRunsMode=CHART'
    """
    return f"{server}/#/experiments/{experiment_id}/runs?{_shared(names.FOLD_CURVES)}&compareRunsMode=CHART"


def _shared(view: str) -> str:
    return f"viewStateShareKey={view}&workflowType=machine_learning"


def elsewhere_link(server: str, experiment_id: str) -> str:
    """The address of the external validations.

    >>> elsewhere_link("", "1").partition("runs?")[2]
    'viewStateShareKey=external&workflowType=machine_learning'
    """
    return f"{server}/#/experiments/{experiment_id}/runs?{_shared(names.ELSEWHERE)}"


def experiment_tags(experiment_id: str, *, elsewhere: bool = False) -> dict[str, str]:
    """The experiment's description and its saved views; `elsewhere`: it has external validations too.

    The views' keys are internals of MLflow's page (3.17): where another version reads them otherwise, the
    page falls back to its own table.
    """
    board, curves = leaderboard_link("", experiment_id), fold_curves_link("", experiment_id)
    links = (
        f"[Leaderboard: pooled AUROC with its interval]({board}) · [Fold curves with their band]({curves})"
    )
    views = {names.LEADERBOARD_TAG: _leaderboard(), names.FOLD_CURVES_TAG: _fold_curves()}
    if elsewhere:
        links += f" · [External validation on other cohorts]({elsewhere_link('', experiment_id)})"
        views[names.ELSEWHERE_TAG] = _elsewhere()
    note = f"{FIRST} {links}"
    return {names.EXPERIMENT_KIND: names.TRAINING_KIND, names.NOTE: note, **views}


def renewed(key: str, there: str, ours: str) -> str:
    """What a tag of an experiment is to hold, of what is `there` ("" where it is missing) and what is `ours`.

    Of a description our own words alone are replaced. A view that shows the same stays: it knows when it was
    made.

    >>> renewed("mlflow.note.content", "Ethics vote 12/2026.", FIRST), renewed("other", "", "ours")
    ('Ethics vote 12/2026.', 'ours')
    >>> renewed("mlflow.note.content", f"{FIRST} [Old](#x) Ask Anna.", f"{FIRST} [New](#y)")[33:]
    '[New](#y) Ask Anna.'
    """
    if key == names.NOTE:
        own = OWN_WORDS.match(there)
        return ours + there[own.end() :] if own else there or ours
    return there if key.startswith(names.VIEW) and _state(there) == _state(ours) else ours


def _state(view: str) -> object:
    """What a saved view shows; None where it is none."""
    try:
        return json.loads(json.loads(view)["state"])
    except (ValueError, KeyError, TypeError):
        return None


def _leaderboard() -> str:
    """The saved view: parents only, best pooled AUROC first, its interval and its rival in a cell each."""
    headline, floor = f"tags.`{names.HEADLINE}`", f"tags.`{names.FLOOR}`"
    metrics = [f"metrics.`{name}`" for name in SHOWN]
    widths = {RUN_NAME: 230, headline: 220, floor: 400, **dict.fromkeys(metrics, 110)}
    best = {"orderByKey": f"metrics.`{names.AUROC}`"}
    return _view("Leaderboard: pooled AUROC", names.CV, [headline, floor, *metrics], widths, best)


def _elsewhere() -> str:
    """The saved view: what packages of this cohort are worth on others."""
    headline = f"tags.`{names.EXTERNAL_HEADLINE}`"
    own = {
        key: names.pooled(key, names.EXTERNAL)
        for key in ("n_patients", "sensitivity", "specificity", "auroc")
    }
    shown = [own["n_patients"], names.MINUS_TRAINING, own["sensitivity"], own["specificity"], own["auroc"]]
    metrics = [f"metrics.`{name}`" for name in shown]
    widths = {headline: 220, **dict.fromkeys(metrics, 140), f"metrics.`{names.MINUS_TRAINING}`": 220}
    order = {"orderByKey": f"metrics.`{own['auroc']}`"}
    title = "External validation on other cohorts"
    return _view(title, names.EXTERNAL_VALIDATION, [headline, *metrics], widths, order)


def _fold_curves() -> str:
    """The saved view: a line a cross-validation, the mean of its folds in a band from lowest to highest.

    MLflow draws the band for runs that are grouped; it goes away where the group is opened or ungrouped.
    """
    sections = {"Folds": "medidense-folds", "Test part": "medidense-test"}
    charts = [_line(name, sections["Folds"]) for name in CURVES]
    charts.append(_bar(names.FOLD_AUROC, sections["Test part"]))
    more = {
        "groupBy": {
            "aggregateFunction": "average",
            "groupByKeys": [{"mode": "tag", "groupByData": names.CV_OF}],
        },
        "compareRunCharts": charts,
        "compareRunSections": [
            {"uuid": uuid, "name": name, "display": True} | SETTLED for name, uuid in sections.items()
        ],
        "isAccordionReordered": True,
        "autoRefreshEnabled": True,
    }
    metrics = [f"metrics.`{names.FOLD_AUROC}`", f"metrics.`{names.LOSS}`"]
    return _view("Fold curves with their band", names.ONE_FOLD, metrics, dict.fromkeys(metrics, 110), more)


def _line(metric: str, section: str) -> dict[str, Any]:
    """A chart of a metric by epoch."""
    return {
        "uuid": f"medidense-{metric}",
        "type": "LINE",
        "metricSectionId": section,
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "xAxisKey": "step",
        "useGlobalXaxisKey": True,
        "scaleType": "linear",
        "lineSmoothness": 0,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }


def _bar(metric: str, section: str) -> dict[str, Any]:
    """A chart of the last value of a metric."""
    return {
        "uuid": f"medidense-{metric}",
        "type": "BAR",
        "metricSectionId": section,
        "metricKey": metric,
        "runsCountToCompare": 20,
        "deleted": False,
        "isGenerated": False,
    }


def _view(
    title: str,
    kind: str,
    columns: list[str],
    widths: Mapping[str, int],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """A saved view of runs of one kind; the first metric sorts unless `more` says which, best on top."""
    state = {
        "searchFilter": f"tags.`{names.KIND}` = '{kind}'",
        "orderByKey": next(name for name in columns if name.startswith("metrics.")),
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": [RUN_NAME, *columns, "attributes.`Created`", "attributes.`Duration`"],
        "columnWidths": dict(widths),
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsHiddenMode": "FIRST_20_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "autoRefreshEnabled": False,
    } | dict(more)
    made = int(time.time() * 1000)
    return json.dumps({"name": title, "createdAt": made, "state": json.dumps(state)})
