"""What of a run directory goes to MLflow, as plain values with nothing in them that names a subject?"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from medidense.rundir import Picture, RunDir, label_cells, label_columns, recipe_text
from medidense.track import names
from medidense.track.cards import Card
from medidense.track.figures import (
    area,
    closing,
    controls,
    figures,
    floor_words,
    size_words,
    with_public_groups,
)
from medidense.track.fold_contents import FoldContents
from medidense.values import Estimate, Splits
from medidense.values.sanity import Sanity


class Overlay(NamedTuple):
    """A picture of MLflow's image grid: key and step of its card, and its name among the artifacts."""

    key: str
    step: int
    name: str
    card: Card


@dataclass(frozen=True, eq=False)
class Contents:
    """Views of one run, finished or not; `alias` turns a subject ID or a sample's name into its pseudonym."""

    run: RunDir
    alias: Callable[[str], str]
    pictures: Sequence[Picture] = ()
    """Of these the clean ones, and no other picture of a scan, are handed on."""

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
        return names.experiment(self.asked["cohort_name"], self.run.cohort_digest)

    @cached_property
    def title(self) -> str:
        """Network, dimensions, epochs and seed; of a run's name a view shows 26 letters."""
        recipe = self.run.recipe()
        network, epochs = recipe.network.name, recipe.training.epochs
        return f"{network}-{recipe.input.dims}d-e{epochs}-s{self.run.seed}"

    @property
    def auroc(self) -> Estimate:
        """The pooled AUROC with its interval."""
        return area(self.evaluation)

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
        return figures(self.evaluation)

    def description(self) -> str:
        """Markdown; the page shows about three lines, so the first sentence is the result."""
        words = self.evaluation
        lines = [
            f"{self._which()} AUROC {self.auroc.text()} over {words['subjects']} subjects, "
            f"{words['samples']} samples{self._folds()}.",
            floor_words(words),
            *size_words(words),
            *(f"Control {one.title}: {one.line}" for one in controls(words)),
            *closing(words, "out of fold"),
        ]
        return "\n".join(lines)

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
            names.SPLITS: csv_bytes(("fold", "part", "sample", "subject"), sorted(splits)),
            names.PREDICTIONS_CSV: csv_bytes(columns, rows),
            names.PREDICTIONS_JSON: json.dumps({"columns": columns, "data": rows}).encode(),
            names.EVALUATION: json.dumps(_public(self.evaluation, self.run.splits()), indent=2).encode(),
        }
        for path in (self.run.report_path, self.run.report_numbers_path):
            if path.is_file():
                found[f"{names.REPORT}/{path.name}"] = path.read_bytes()
        for path in sorted(self.run.figures.glob("*.png")):
            found[f"{names.FIGURES}/{path.name}"] = path.read_bytes()
        for one in self._clean:
            found[f"{names.SALIENCY}/{one.path.name}"] = one.path.read_bytes()
        return found

    @property
    def _clean(self) -> list[Picture]:
        """What may leave the run directory, by the files' names."""
        return sorted((one for one in self.pictures if one.clean), key=lambda one: one.path.name)

    def overlays(self, logged: Mapping[tuple[str, str], int] | None = None) -> list[Overlay]:
        """The pictures at steps from 0 without gaps; a card without a step 0 stays empty.

        Those that are `logged`, (key, name) -> step, keep theirs; what may be shown only since then follows.
        """
        steps = dict(logged or {})
        for one in self._clean:
            key = f"{names.IMAGES}/{one.kind}"
            taken = {step for (other, _), step in steps.items() if other == key}
            steps.setdefault((key, one.path.stem), min(set(range(len(taken) + 1)) - taken))
        found = []
        for one in self._clean:
            key = f"{names.IMAGES}/{one.kind}"
            card = Card(one.path.read_bytes(), (self.alias(one.sample), one.words))
            found.append(Overlay(key, steps[key, one.path.stem], one.path.stem, card))
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


def _public(evaluation: Mapping[str, Any], splits: Splits) -> dict[str, Any]:
    """The evaluation with a number in place of every word that a cell of the cohort's table holds."""
    folds = [
        fold | {"note": splits.public_note(fold["fold"], fold["note"])}
        for fold in evaluation.get("folds", ())
    ]
    return {**with_public_groups(evaluation), "folds": folds}


def csv_bytes(columns: Any, rows: Any) -> bytes:
    """A CSV file's bytes."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode()
