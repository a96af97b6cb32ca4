"""Does a start from earlier weights help where subjects are few?

Networks are cross-validated on phantoms of many subjects; then, on other phantoms of few subjects, the same
folds are trained twice at equal epochs: from those weights and from random ones (`start.compare`). Printed
are both AUROCs of the pooled out-of-fold scores and their paired difference, subjects resampled, for each way
of training. The phantoms' kinds differ in shape alone, so size and brightness are no help.

    python benchmarks/fine_tuning.py --threads 2
"""

import argparse
import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import medidense
from medidense import verbs
from medidense.phantoms import PhantomOptions, write_cohort

WAYS = ("everything", "gradual", "last_block", "norm", "head")


def settings(options: argparse.Namespace, epochs: int) -> dict[str, object]:
    """A small network, so that the whole story takes minutes."""
    return {
        "network.name": "densenet_small",
        "training.epochs": epochs,
        "training.batch_size": 8,
        "training.learning_rate": 3e-3,
        "training.threads": options.threads,
    }


def tuned(cohort: Path, earlier: Path, way: str, options: argparse.Namespace) -> str:
    """One line: what fine-tuning in this way reaches, and random weights on the same folds."""
    start = {"start.weights": str(earlier), "start.trains": way, "start.compare": True}
    chosen = verbs.CvOptions(
        folds=options.folds,
        seed=options.seed,
        device="cpu",
        out=cohort.parent / way,
        settings={**settings(options, options.epochs), **start},
    )
    begun = process_time()
    evaluation = medidense.cv(cohort, options=chosen).evaluation
    scratch = evaluation.baselines[-1]
    return (
        f"  {way:<11} AUROC {evaluation.auroc.text()}   random weights {scratch.auroc.text()}   "
        f"difference {scratch.network_minus_baseline.text()}   {process_time() - begun:.0f} CPU s"
    )


def main() -> None:
    """Print a line for each way of training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--many", type=int, default=40, help="subjects of the earlier training")
    parser.add_argument("--few", type=int, default=20, help="subjects of the fine-tuning")
    parser.add_argument("--earlier-epochs", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=(*WAYS, "lora"))
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with TemporaryDirectory(prefix="medidense-") as folder:
        many = write_cohort(Path(folder) / "many", PhantomOptions(subjects=options.many, seed=101))
        few = write_cohort(Path(folder) / "few", PhantomOptions(subjects=options.few, seed=options.seed))
        chosen = verbs.CvOptions(
            folds=2,
            device="cpu",
            out=Path(folder) / "earlier",
            settings=settings(options, options.earlier_epochs),
        )
        earlier = medidense.cv(many, options=chosen)
        reached = earlier.evaluation.auroc.text()
        print(f"earlier: {options.many} subjects, {options.earlier_epochs} epochs, AUROC {reached}")
        print(f"then: {options.few} subjects, {options.folds} folds, {options.epochs} epochs", flush=True)
        for way in options.ways:
            print(tuned(few, earlier.run, way, options), flush=True)


if __name__ == "__main__":
    main()
