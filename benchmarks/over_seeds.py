"""What is a recipe worth over several seeds of folds, beside volume and mean intensity?

Each RUN_DIR is a finished cross-validation of one cohort with another seed. Printed are the AUROC of each,
their mean and spread, the AUROC of the scores averaged over the runs, and its paired difference to a
logistic regression on log volume and mean intensity that was fitted on the same folds and averaged alike.
Intervals are percentile bootstraps over subjects, of an AUROC of 1 Newcombe's.

    python benchmarks/over_seeds.py RUN_DIR RUN_DIR RUN_DIR [--rows SUBSET.csv]
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medidense.cohort import read_cohort
from medidense.rundir import RunDir
from medidense.stats.baselines import BOTH, baseline_scores
from medidense.stats.comparing import auroc_difference, auroc_estimate
from medidense.stats.intervals import SubjectDraws
from medidense.stats.ranking import auroc

DRAWS = 2000


def described(runs: Sequence[Path], rows: Path | None = None) -> list[str]:
    """The lines to print. Raises ValueError where the runs are not of the same samples."""
    tables = [RunDir(path).predictions() for path in runs]
    first = tables[0]
    if any(table.samples != first.samples for table in tables):
        raise ValueError("the runs have tested different samples")
    named = set(first.samples) if rows is None else {sample.name for sample in read_cohort(rows).samples}
    keep = np.array([name in named for name in first.samples])
    counted = first.take(named)
    label, positive = counted.label, counted.positive_index
    rivals = [
        next(rule.scores for rule in baseline_scores(table, RunDir(path).facts())[0] if rule.name == BOTH)
        for path, table in zip(runs, tables, strict=True)
    ]
    network = np.mean([table.scores for table in tables], axis=0)[keep]
    rival = np.mean(rivals, axis=0)[keep]
    draws = SubjectDraws.of(counted.subjects, DRAWS, 0)

    def area(scores: np.ndarray) -> float:
        return float(auroc(label, scores, positive) or 0.0)

    each = [area(table.scores[keep]) for table in tables]
    reached = auroc_estimate(counted, network, draws)
    gap = auroc_difference(counted, network, rival, draws)
    spread = statistics.stdev(each) if len(each) > 1 else 0.0
    return [
        f"{keep.sum()} samples of {draws.subjects} subjects",
        f"AUROC of each run: {', '.join(f'{one:.3f}' for one in each)}",
        f"mean {statistics.mean(each):.3f}, standard deviation {spread:.3f}",
        f"scores averaged over the runs: {reached.value:.3f} ({reached.low:.3f}-{reached.high:.3f})",
        f"{BOTH}, averaged alike: {area(rival):.3f}",
        f"paired difference: {gap.value:.4f} ({gap.low:.4f} to {gap.high:.4f})",
    ]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_DIR")
    parser.add_argument("--rows", type=Path, metavar="SUBSET.csv")
    given = parser.parse_args()
    print("\n".join(described(given.runs, given.rows)))


if __name__ == "__main__":
    main()
