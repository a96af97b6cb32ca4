"""How much faster are all bootstrap replicates of an AUROC at once than a loop over scikit-learn's function?

Both sides draw whole subjects, two samples each, and give the same interval from other draws.

    python benchmarks/bootstrap.py
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from turns import Bar, in_turns, print_bars, print_costs, ratio, timed

from medidense.stats.intervals import SubjectDraws, percentile_interval, subject_bootstrap
from medidense.stats.ranking import weighted_auroc

BAR = 0.1


def loop(
    truth: NDArray[np.bool_], score: NDArray[np.float64], draws: int
) -> tuple[float | None, float | None]:
    """The interval by a call of scikit-learn for each draw of subjects; two rows in succession are one."""
    generator, subjects = np.random.default_rng(1), len(truth) // 2
    areas = []
    for _ in range(draws):
        taken = generator.integers(subjects, size=subjects)
        rows = np.concatenate([2 * taken, 2 * taken + 1])
        areas.append(roc_auc_score(truth[rows], score[rows]))
    return percentile_interval(np.array(areas))


def main() -> None:
    """Print both intervals, what they cost, and the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    subject = np.arange(options.samples) // 2
    truth = generator.uniform(size=options.samples) < 0.3
    score = generator.normal(truth.astype(np.float64), 1.0)
    drawn = SubjectDraws.of([f"{number:06d}" for number in subject], options.draws, 0)

    def ours() -> tuple[float | None, float | None]:
        return subject_bootstrap(lambda weights: weighted_auroc(truth, score, weights), drawn)

    for name, found in (("medidense", ours()), ("scikit-learn", loop(truth, score, options.draws))):
        print(f"{name}: {found[0]:.4f} to {found[1]:.4f}")
    costs = in_turns(
        {"medidense": timed(ours), "scikit-learn": timed(lambda: loop(truth, score, options.draws))},
        options.turns,
        warm=0,
    )
    print_costs(costs)
    print_bars([Bar("CPU, of the loop's", ratio(costs, "medidense", "scikit-learn", "cpu"), BAR)])


if __name__ == "__main__":
    main()
