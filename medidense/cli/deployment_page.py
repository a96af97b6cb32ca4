"""How calibration, operating points and prediction sets stand on a page of a terminal."""

from medidense.cli.printing import Table
from medidense.values import Estimate, Evaluation


def deployment_tables(evaluation: Evaluation) -> list[Table]:
    """What a package of the run decides by, checked on other folds; empty where there is nothing of it.

    Without folds it is a package on another cohort, and all of it is the package's.
    """
    found: list[Table] = []
    if evaluation.calibration is not None:
        found.append(_calibration(evaluation))
    if evaluation.operating_points:
        found.append(_points(evaluation))
    if evaluation.prediction_sets is not None:
        found.append(_sets(evaluation))
    return found


def _calibration(evaluation: Evaluation) -> Table:
    """Raw scores against those calibrated on the other folds."""
    result = evaluation.calibration
    if result is None:
        return Table((), ())
    rows = tuple(
        (name, _brief(one.slope), _brief(one.intercept), _brief(one.ece), _brief(one.log_loss))
        for name, one in result.figures.items()
    )
    title = f"Calibration, fitted on the other folds; a package has {result.method or 'none'}"
    if result.raw_alone:
        title = "Calibration of the raw scores; no other folds to fit one on"
    if not evaluation.folds:
        title = f"Calibration; frozen: as the package does it ({result.method or 'not at all'})"
    return Table(("scores", "slope (1)", "intercept (0)", "ECE (0)", "log loss"), rows, title)


def _points(evaluation: Evaluation) -> Table:
    """Decisions at thresholds from the other folds, and the threshold of all folds for a package."""
    stated = evaluation.operating_points[0].deployment_prevalence
    rows = tuple(
        (
            f"{point.name}{'' if point.target is None else f' {point.target:g}'}{' *' if point.used else ''}",
            f"{point.threshold:.3f}",
            *(_brief(point.metrics[name]) for name in ("sensitivity", "specificity", "ppv", "npv")),
            *(() if stated is None else (_brief(point.deployment[name], 3) for name in ("ppv", "npv"))),
        )
        for point in evaluation.operating_points
    )
    columns = ("operating point", "threshold", "sensitivity", "specificity", "PPV", "NPV")
    there = () if stated is None else (f"PPV at {stated:g}", f"NPV at {stated:g}")
    title = "Operating points, chosen on the other folds (* decides; threshold: of all folds)"
    if [point.name for point in evaluation.operating_points] == ["fixed"]:
        title = "The operating point set before, on the raw scores (* decides)"
    title = title if evaluation.folds else "Operating points of the package, frozen (* decides)"
    return Table((*columns, *there), rows, title)


def _sets(evaluation: Evaluation) -> Table:
    """How often the true class is in the set, and how often there is one class alone."""
    sets = evaluation.prediction_sets
    if sets is None:
        return Table((), ())
    rows = tuple((name.replace("_", " "), figure.text()) for name, figure in sets.figures.items())
    title = f"Prediction sets for a coverage of {sets.target:g}; not a single class: refer to a human"
    return Table(("share", "value"), rows, title)


def _brief(estimate: Estimate, digits: int = 2) -> str:
    """A few decimals and the limits, for a narrow column."""
    if estimate.value is None:
        return "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.{digits}f}"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"
