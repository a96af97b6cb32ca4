"""Which figures of an evaluation become metrics, and which of its words a description?"""

from collections.abc import Mapping, Sequence
from typing import Any

from medidense.track import names
from medidense.track.fold_contents import DIGITS
from medidense.values import ControlResult, Estimate, Matched, public_groups
from medidense.values.doubts import size_doubt

Found = dict[str, float | None]


def figures(evaluation: Mapping[str, Any], of: str = names.OOF) -> dict[str, float]:
    """The figures of an evaluation.json with their limits, counts, controls and baselines, rounded.

    `of` begins their names: of a cross-validation's pooled scores, or of those of a package elsewhere.
    """
    found: Found = {
        **limits(names.pooled("auroc", of), area(evaluation)),
        names.pooled("auroc_fold_mean", of): evaluation["auroc_fold_mean"],
        names.pooled("n_patients", of): evaluation["subjects"],
        names.pooled("n_lesions", of): evaluation["samples"],
    }
    for figure, estimate in evaluation["metrics"].items():
        found |= limits(names.pooled(figure, of), Estimate(**estimate))
    found |= _deployed(evaluation, of)
    labels = evaluation.get("labels", ())
    among = [label["name"] for label in labels]
    for label in labels:
        for figure in ("auroc", "auprc"):
            found |= limits(names.of_label(label["name"], figure, among, of), Estimate(**label[figure]))
    if matched := evaluation.get("matched"):
        found |= limits(names.matched("auroc", of), Estimate(**matched["auroc"]))
    for control in controls(evaluation):
        found |= limits(names.control(control.title), control.auroc)
    if subjects := evaluation.get("per_subject"):
        own = {"auroc": subjects["auroc"], **subjects["metrics"]}
        for figure in names.BY_SUBJECT:
            found |= limits(names.by_subject(figure, of), Estimate(**own.get(figure, {"value": None})))
    for baseline in evaluation["baselines"]:
        found[names.baseline(baseline["name"], of)] = baseline["auroc"]["value"]
    return rounded(found)


def area(evaluation: Mapping[str, Any]) -> Estimate:
    """The AUROC with its interval."""
    return Estimate(evaluation["auroc"], *evaluation["auroc_ci95"])


def rounded(found: Mapping[str, float | None]) -> dict[str, float]:
    """What is known, as MLflow's tables show it."""
    return {key: round(value, DIGITS) for key, value in found.items() if value is not None}


def limits(name: str, estimate: Estimate) -> Found:
    """A figure and its two limits as three metrics."""
    return {name: estimate.value, name + names.LOW: estimate.low, name + names.HIGH: estimate.high}


def controls(evaluation: Mapping[str, Any]) -> tuple[ControlResult, ...]:
    """Whether the classes are told apart where nothing should tell them."""
    return tuple(ControlResult.from_json(one) for one in evaluation.get("controls", ()))


def floor_words(evaluation: Mapping[str, Any]) -> str:
    """What the network must beat: the best rule in which no network has a part."""
    best = _best_rule(evaluation)
    if best is None:
        return "No rule without a network to compare with."
    name, own, gap = best
    return f"Best rule without a network: {name}, {own.text()}; network minus it {gap.text()}."


def floor_cell(evaluation: Mapping[str, Any]) -> str:
    """The same in a cell: ``descriptors 0.921; network minus it 0.011 (-0.003 to 0.027)``."""
    best = _best_rule(evaluation)
    if best is None:
        return "no rule to compare with"
    name, own, gap = best
    name = name.removeprefix("logistic regression on ")  # the cell would hide the interval
    return f"{name} {own.value:.3f}; network minus it {gap.text().replace('95% CI ', '')}"


def _best_rule(evaluation: Mapping[str, Any]) -> tuple[str, Estimate, Estimate] | None:
    """Name and AUROC of the best rule in which no network has a part, and the network's less it."""
    rules = [one for one in evaluation["baselines"] if not one.get("uses_network")]
    rules = [one for one in rules if one["auroc"]["value"] is not None]
    if not rules:
        return None
    best = max(rules, key=lambda one: float(one["auroc"]["value"]))
    return best["name"], Estimate(**best["auroc"]), Estimate(**best["network_minus_baseline"])


def size_words(evaluation: Mapping[str, Any]) -> list[str]:
    """A sentence where much of the figure is size, else nothing."""
    found = evaluation.get("matched")
    said = size_doubt(area(evaluation), Matched.from_json(found) if found else None)
    return [said] if said else []


def closing(evaluation: Mapping[str, Any], title: str, missing: Sequence[str] = ()) -> list[str]:
    """The end of a description, below what is seen at once: what was asked, the figures, and the notes.

    `title` says of what the figures are, `missing` what has no part in them.
    """
    return [
        "Research software, not a medical device.",
        "",
        f"Classes {', '.join(evaluation['classes'])}; {evaluation['auroc_definition']}. "
        f"{evaluation['interval']}.",
        *missing,
        "",
        *_table(evaluation, title),
        "",
        *(f"- {note}" for note in evaluation["notes"]),
    ]


def _table(evaluation: Mapping[str, Any], title: str) -> list[str]:
    """The figures and the baselines as a Markdown table."""
    lines = [f"| figure | {title} |", "|---|---|"]
    for figure, estimate in evaluation["metrics"].items():
        lines.append(f"| {figure.replace('_', ' ')} | {Estimate(**estimate).text()} |")
    for label in evaluation.get("labels", ()):
        known = f"{label['positives']} of {label['samples']} known rows"
        areas = f"AUROC {Estimate(**label['auroc']).text()}, AUPRC {Estimate(**label['auprc']).text()}"
        lines.append(f"| label {label['name']} ({known}) | {label['note'] or areas} |")
    if matched := evaluation.get("matched"):
        own, volume = Estimate(**matched["auroc"]).text(), Estimate(**matched["volume_auroc"]).text()
        lines.append(f"| AUROC on {matched['pairs']} pairs alike in size | {own}; lesion volume {volume} |")
    if subjects := evaluation.get("per_subject"):
        own = Estimate(**subjects["auroc"]).text()
        lines.append(f"| AUROC per subject ({subjects['several']} have several samples) | {own} |")
    for baseline in evaluation["baselines"]:
        own, gap = Estimate(**baseline["auroc"]).text(), Estimate(**baseline["network_minus_baseline"]).text()
        lines.append(f"| AUROC of {baseline['name']} | {own}; network minus it {gap} |")
    return lines


def with_public_groups(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The evaluation with a number in place of every word of a cell that names a subgroup."""
    parts = evaluation.get("subgroups", ())
    named = public_groups([(part["by"], part["group"], part.get("place", 0)) for part in parts])
    return {
        **evaluation,
        "subgroups": [part | {"group": group} for part, group in zip(parts, named, strict=True)],
    }


def _deployed(evaluation: Mapping[str, Any], of: str) -> Found:
    """Calibration as it is and as a package has it, and what prediction sets hold."""
    found: Found = {}
    if calibration := evaluation.get("calibration"):
        known = calibration["figures"]
        parts = {
            "raw": known.get("raw"),
            "calibrated": known.get(names.FROZEN, known.get(calibration["method"])),
        }
        for part, own in parts.items():
            if own:
                found |= {names.calibration(part, key, of): own[key]["value"] for key in names.CALIBRATION}
    if sets := evaluation.get("prediction_sets"):
        found |= {names.prediction_sets(key, of): sets["figures"][key]["value"] for key in names.SETS}
    return found
