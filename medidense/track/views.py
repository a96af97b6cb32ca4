"""What does a reviewer see first: the cross-validations of an experiment, best first, with intervals."""

import json
import time

from medidense.track import names

SHOWN = (
    names.AUROC,
    names.AUROC + names.LOW,
    names.AUROC + names.HIGH,
    names.pooled("sensitivity"),
    names.pooled("specificity"),
    names.PATIENTS,
)


def leaderboard_link(server: str, experiment_id: str) -> str:
    """The leaderboard's address on a server (``""``: relative), opened in model-training mode.

    >>> leaderboard_link("http://127.0.0.1:5000", "1")
    'http://127.0.0.1:5000/#/experiments/1/runs?viewStateShareKey=leaderboard&workflowType=machine_learning'
    """
    view = f"viewStateShareKey={names.LEADERBOARD}&workflowType=machine_learning"
    return f"{server}/#/experiments/{experiment_id}/runs?{view}"


def experiment_tags(experiment_id: str) -> dict[str, str]:
    """The experiment's description and its saved view.

    The view's keys are internals of MLflow's page (3.17): where another version reads them otherwise, the
    page falls back to its own table.
    """
    link = leaderboard_link("", experiment_id)
    return {
        names.EXPERIMENT_KIND: names.TRAINING_KIND,
        names.NOTE: f"Cross-validations of one cohort. [Leaderboard: pooled AUROC with its interval]({link})",
        names.LEADERBOARD_TAG: _leaderboard(),
    }


def _leaderboard() -> str:
    """The saved view: parents only, sorted by pooled AUROC, the interval in one cell."""
    headline = f"tags.`{names.HEADLINE}`"
    metrics = [f"metrics.`{name}`" for name in SHOWN]
    state = {
        "searchFilter": f"tags.`{names.KIND}` = '{names.CV}'",
        "orderByKey": metrics[0],
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [headline, *metrics],
        "columnOrder": [
            "attributes.`Run Name`",
            headline,
            *metrics,
            "attributes.`Created`",
            "attributes.`Duration`",
        ],
        "columnWidths": {headline: 220, **dict.fromkeys(metrics, 110)},
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
    }
    made = int(time.time() * 1000)
    return json.dumps({"name": "Leaderboard: pooled AUROC", "createdAt": made, "state": json.dumps(state)})
