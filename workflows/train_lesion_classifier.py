"""From a cohort to a cross-validated classifier, and how to read what comes out.

What it does
    1. check:    reads the table, opens every image and lesion, names every problem before anything trains.
    2. plan:     proposes a recipe (printed, with a reason for each choice). A recipe that is there already
                 is kept: edit it and run again; a changed recipe gets a run directory of its own.
    3. cv:       folds cut by subject; every sample is scored by a model that never saw its subject.
    4. evaluate: AUROC with its 95 % interval, beside rules that look at no image (size, mean intensity).

What you need
    A cohort CSV: subject_id, image, label, and for each lesion a mask or a point with its diameter
    (workflows/lesions_from_dicom.py makes one). Some hundred lesions are a start; with fewer than 30 subjects
    the interval says little.

Run
    python workflows/train_lesion_classifier.py cohort.csv --budget 30
    python workflows/train_lesion_classifier.py cohort.csv --recipe workflows/recipes/lidc.yaml
"""

import argparse
import sys
from pathlib import Path

import medidense


def main(
    cohort: Path, recipe: Path, *, options: "medidense.CvOptions | None" = None, rows: Path | None = None
) -> Path:
    """Train on `cohort` and print the figures; returns the run directory.

    `options.budget` is in minutes for all folds and shapes the plan. `rows` is a CSV with some rows of the
    cohort for which the figures are printed too, lesions matched by size for example.
    """
    options = options or medidense.CvOptions()

    checked = medidense.check(cohort)
    counts = ", ".join(f"{number} {name}" for name, number in checked.class_counts.items())
    print(f"{checked.samples} samples of {checked.subjects} subjects: {counts}")
    print(f"input: {checked.dims}D, {checked.region}, modality {checked.modality or 'not stated'}")
    for note in checked.notes:
        print(f"note: {note}")

    if not recipe.exists():
        medidense.plan(cohort, out=recipe, budget=options.budget, device=options.device)
    print(f"\n--- {recipe}\n{recipe.read_text(encoding='utf-8')}---")

    run = medidense.cv(cohort, recipe=recipe, options=options)
    print(f"\n{'went on with' if run.resumed else 'wrote'} {run.run} in {run.seconds:.0f} s; {run.tracking}")
    print_figures(run.run)
    if rows is not None:
        print_figures(run.run, rows)
    print_next(run.run)
    return run.run


def print_figures(run: Path, rows: Path | None = None) -> None:
    """The figure beside what it must beat, for all samples or for the rows of a subset."""
    found = medidense.evaluate(run, rows=rows).evaluation
    print(f"\n{found.samples} samples of {found.subjects} subjects (rows: {found.rows})")
    print(f"  {'network, out of fold':<55} AUROC {found.auroc.text()}")
    for baseline in found.baselines:
        gap = baseline.network_minus_baseline
        print(f"  {baseline.name:<55} AUROC {baseline.auroc.text()}")
        print(f"  {'  network minus this':<55}       {gap.text()}: {verdict(gap.low, gap.high)}")
    for name in ("sensitivity", "specificity"):
        print(f"  {name} for {found.positive!r} from score {found.operating_point:g} on: ", end="")
        print(found.metrics[name].text())
    folds = ", ".join("-" if fold.auroc is None else f"{fold.auroc:.2f}" for fold in found.folds)
    print(f"  AUROC of each fold: {folds} (never report one of them alone)")
    print(f"  intervals: {found.interval}")
    for note in found.notes:
        print(f"  note: {note}")


def verdict(low: float | None, high: float | None) -> str:
    """What the interval of a difference allows to say."""
    if low is not None and low > 0:
        return "better"
    return "worse" if high is not None and high < 0 else "no difference shown"


def print_next(run: Path) -> None:
    """What to look at before believing the figure."""
    print(
        f"""
What to look at next
  1. Does the network beat size alone? If not, it may have learnt a ruler. Ask again on lesions of like size:
     medidense evaluate {run} --rows matched.csv
  2. {run / "saliency"}: is the evidence inside the lesion, in the surest right and the surest wrong ones?
  3. {run / "predictions.csv"}: sort by score and open the wrong ones: wrong network, or wrong label?
  4. medidense ui: curves of every fold, the ROC figure, the recipe, and your earlier runs beside it.
  5. python workflows/explain_run.py {run} SCANS --out maps; python workflows/score_tonight.py {run} SCANS"""
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--recipe", type=Path, help="kept where it exists; default: COHORT-recipe.yaml here")
    parser.add_argument("--budget", type=float, help="minutes for all folds, used by the plan")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--rows", type=Path, help="a subset of the cohort to report on too")
    given = parser.parse_args()
    asked = medidense.CvOptions(folds=given.folds, budget=given.budget)
    try:
        recipe = given.recipe or Path(f"{given.cohort.stem}-recipe.yaml")
        main(given.cohort, recipe, options=asked, rows=given.rows)
    except medidense.MedidenseError as error:
        print(*(f"medidense: {line}" for line in error.lines), sep="\n", file=sys.stderr)
        sys.exit(error.exit_code)
