"""What of a run directory goes to MLflow, as plain values with nothing in them that names a subject?"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from medidense.rundir import RunDir, label_cells, label_columns, recipe_text
from medidense.track import names
from medidense.track.fold_contents import DIGITS, FoldContents
from medidense.values import ControlResult, Estimate, Matched, Splits, public_groups
from medidense.values.doubts import size_doubt
from medidense.values.sanity import Sanity


@dataclass(frozen=True, eq=False)
class Contents:
    """Views of one run, finished or not; `alias` turns a subject ID or a sample's name into its pseudonym."""

    run: RunDir
    alias: Callable[[str], str]

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """evaluation.json."""
        return self.run.evaluation_json()

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The question the run answers."""
        return dict(self.run.about()["asked"])

    @property
    def experiment(self) -> str:
        """The cohort's name and the start of its digest: results of one cohort can be compared."""
        return f"{self.asked['cohort_name']}-{self.run.cohort_digest[:6]}"

    @cached_property
    def title(self) -> str:
        """Network, dimension and seed."""
        recipe = self.run.recipe()
        return f"{recipe.network.name}-{recipe.input.dims}d-seed{self.run.seed}"

    @property
    def auroc(self) -> Estimate:
        """The pooled AUROC with its interval."""
        low, high = self.evaluation["auroc_ci95"]
        return Estimate(self.evaluation["auroc"], low, high)

    def params(self) -> dict[str, str]:
        """The few that tell runs apart: what was asked, and the keys of `names.PARAMS` or set by hand."""
        own = {"folds": self.run.folds, "seed": self.run.seed, "budget_minutes": self.asked.get("budget")}
        recipe, chosen = self.recipe_params(), {*names.PARAMS, *self.asked.get("settings", ())}
        told = {key: str(value) for key, value in own.items() if value is not None}
        return told | {key: value for key, value in recipe.items() if key in chosen}

    def recipe_params(self) -> dict[str, str]:
        """Every key of the recipe, flat, as parameters of the model; reasons stay in recipe.yaml."""
        recipe = self.run.public_recipe().model_dump(mode="json")
        recipe.pop("reasons")
        return {key: str(value)[:500] for key, value in _flat(recipe).items() if value is not None}

    def metrics(self) -> dict[str, float]:
        """The pooled figures with their limits, the fold mean, the counts and the baselines, rounded."""
        found: dict[str, float | None] = {
            **_limits(names.AUROC, self.auroc),
            names.FOLD_MEAN: self.evaluation["auroc_fold_mean"],
            names.PATIENTS: self.evaluation["subjects"],
            names.LESIONS: self.evaluation["samples"],
        }
        for figure, estimate in self.evaluation["metrics"].items():
            found |= _limits(names.pooled(figure), Estimate(**estimate))
        found |= self._deployed()
        labels = self.evaluation.get("labels", ())
        among = [label["name"] for label in labels]
        for label in labels:
            for figure in ("auroc", "auprc"):
                found |= _limits(names.of_label(label["name"], figure, among), Estimate(**label[figure]))
        if matched := self.evaluation.get("matched"):
            found |= _limits(names.MATCHED, Estimate(**matched["auroc"]))
        for control in self.controls:
            found |= _limits(names.control(control.title), control.auroc)
        if subjects := self.evaluation.get("per_subject"):
            own = {"auroc": subjects["auroc"], **subjects["metrics"]}
            for figure in names.BY_SUBJECT:
                found |= _limits(names.by_subject(figure), Estimate(**own.get(figure, {"value": None})))
        for baseline in self.evaluation["baselines"]:
            found[names.baseline(baseline["name"])] = baseline["auroc"]["value"]
        return {key: round(value, DIGITS) for key, value in found.items() if value is not None}

    def _deployed(self) -> dict[str, float | None]:
        """Calibration as it is and as a package would have it, and what prediction sets hold."""
        found: dict[str, float | None] = {}
        if calibration := self.evaluation.get("calibration"):
            parts = {"raw": "raw", calibration["method"]: "calibrated"}
            for name, part in parts.items():
                figures = calibration["figures"].get(name, {})
                found |= {
                    names.calibration(part, key): figures[key]["value"]
                    for key in names.CALIBRATION
                    if figures
                }
        if sets := self.evaluation.get("prediction_sets"):
            found |= {names.prediction_sets(key): sets["figures"][key]["value"] for key in names.SETS}
        return found

    def description(self) -> str:
        """Markdown; the page shows about three lines, so the first sentence is the result."""
        words = self.evaluation
        lines = [
            f"{self._which()} AUROC {self.auroc.text()} over {words['subjects']} subjects, "
            f"{words['samples']} samples{self._folds()}.",
            self._floor(),
            *self._size(),
            *(f"Control {one.title}: {one.line}" for one in self.controls),
            "Research software, not a medical device.",
            "",
            f"Classes {', '.join(words['classes'])}; {words['auroc_definition']}. {words['interval']}.",
            "",
            *_table(words),
            "",
            *(f"- {note}" for note in words["notes"]),
        ]
        return "\n".join(lines)

    def _floor(self) -> str:
        """What the network must beat: the best rule in which no network has a part."""
        rules = [one for one in self.evaluation["baselines"] if not one.get("uses_network")]
        rules = [one for one in rules if one["auroc"]["value"] is not None]
        if not rules:
            return "No rule without a network to compare with."
        best = max(rules, key=lambda one: float(one["auroc"]["value"]))
        own, gap = Estimate(**best["auroc"]).text(), Estimate(**best["network_minus_baseline"]).text()
        return f"Best rule without a network: {best['name']}, {own}; network minus it {gap}."

    def _size(self) -> list[str]:
        """Whether much of the figure is size."""
        found = self.evaluation.get("matched")
        said = size_doubt(self.auroc, Matched.from_json(found) if found else None)
        return [said] if said else []

    @property
    def controls(self) -> tuple[ControlResult, ...]:
        """Whether the classes are told apart where nothing should tell them."""
        return tuple(ControlResult.from_json(one) for one in self.evaluation.get("controls", ()))

    def sanity(self) -> str:
        """The newest known-answer runs of the same code, a line each."""
        lines = [Sanity.from_json(item).line for item in self.evaluation.get("sanity", ())]
        return "\n".join(lines) or "not run: medidense benchmark phantom"

    def _which(self) -> str:
        """Whether the scores come from several folds."""
        return "Pooled out-of-fold" if self.run.folds > 1 else "Test part's"

    def _folds(self) -> str:
        """How many folds there are, and how often each sample is tested."""
        times = f", {self.run.repeats} repeats" if self.run.repeats > 1 else ""
        return f", {self.run.folds} folds by subject{times}" if self.run.folds > 1 else ", split by subject"

    @property
    def evaluated(self) -> int:
        """When the figures were made, in ms since 1970: of two values MLflow shows the later."""
        return round(1000 * self.run.evaluation_path.stat().st_mtime)

    @property
    def begun(self) -> int:
        """When the run began, in ms since 1970: its first process or, without a journal, fold."""
        begun = self.run.journal.read().begun
        if begun is not None:
            return round(1000 * begun)
        moments = [fold.begun for fold in self.folds]
        known = [moment for moment in moments if moment is not None]
        return min(known, default=round(1000 * self.run.recipe_path.stat().st_mtime))

    @property
    def ended(self) -> int:
        """When the finished run's last fold was trained, in ms since 1970."""
        return max(fold.times()[1] for fold in self.folds)

    @property
    def folds(self) -> list[FoldContents]:
        """What there is of each fold."""
        return [FoldContents(self.run, index) for index in range(self.run.folds)]

    def files(self) -> dict[str, bytes]:
        """Artifact path -> content: recipe, split, tables, figures, overlays."""
        columns, rows = self._predictions()
        splits = [
            (str(fold.index), part, self.alias(name), self.alias(fold.subject_of[name]))
            for fold in self.run.splits().folds
            for part in ("train", "validation", "test", "dropped")
            for name in getattr(fold, part)
        ]
        found = {
            names.RECIPE: recipe_text(self.run.public_recipe()).encode(),
            names.SPLITS: _csv(("fold", "part", "sample", "subject"), sorted(splits)),
            names.PREDICTIONS_CSV: _csv(columns, rows),
            names.PREDICTIONS_JSON: json.dumps({"columns": columns, "data": rows}).encode(),
            names.EVALUATION: json.dumps(_public(self.evaluation, self.run.splits()), indent=2).encode(),
        }
        for path in (self.run.report_path, self.run.report_numbers_path):
            if path.is_file():
                found[f"{names.REPORT}/{path.name}"] = path.read_bytes()
        for path in sorted(self.run.figures.glob("*.png")):
            found[f"{names.FIGURES}/{path.name}"] = path.read_bytes()
        for path in sorted(self.run.saliency.glob("*.png")):
            found[f"{names.SALIENCY}/{path.name}"] = path.read_bytes()
        return found

    def overlays(self) -> list[tuple[str, int, bytes]]:
        """Image key, step from 0 without gaps, PNG bytes of each overlay ``<kind>_<rank>.png``."""
        steps: dict[str, int] = {}
        found = []
        for path in sorted(self.run.saliency.glob("*_*.png")):
            key = f"{names.IMAGES}/{path.stem.rpartition('_')[0]}"
            steps[key] = steps.get(key, -1) + 1
            found.append((key, steps[key], path.read_bytes()))
        return found

    def _predictions(self) -> tuple[list[str], list[list[Any]]]:
        """Out-of-fold scores under pseudonyms, sorted by them."""
        table = self.run.predictions()
        scores = (f"score_{name}" for name in table.classes)
        columns = ["sample", "subject", "fold", *label_columns(table), *scores]
        rows = [
            [
                self.alias(table.samples[row]),
                self.alias(table.subjects[row]),
                int(table.fold[row]),
                *label_cells(table, row),
                *(round(float(score), 6) for score in table.scores[row]),
            ]
            for row in range(len(table.samples))
        ]
        return columns, sorted(rows)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections as dotted keys."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def _limits(name: str, estimate: Estimate) -> dict[str, float | None]:
    """A figure and its two limits as three metrics."""
    return {name: estimate.value, name + names.LOW: estimate.low, name + names.HIGH: estimate.high}


def _public(evaluation: Mapping[str, Any], splits: Splits) -> dict[str, Any]:
    """The evaluation with a number in place of every word that a cell of the cohort's table holds."""
    parts = evaluation.get("subgroups", ())
    named = public_groups([(part["by"], part["group"]) for part in parts])
    told = [part | {"group": group} for part, group in zip(parts, named, strict=True)]
    folds = [
        fold | {"note": splits.public_note(fold["fold"], fold["note"])}
        for fold in evaluation.get("folds", ())
    ]
    return {**evaluation, "subgroups": told, "folds": folds}


def _table(evaluation: Mapping[str, Any]) -> list[str]:
    """The figures and the baselines as a Markdown table."""
    lines = ["| figure | out of fold |", "|---|---|"]
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


def _csv(columns: Any, rows: Any) -> bytes:
    """A CSV file's bytes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode()
