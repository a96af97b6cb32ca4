"""How far do the sixty descriptors get on a cohort, beside volume and brightness?

No network is trained. Each seed cuts five folds by subject; printed are the AUROC of the pooled
out-of-fold scores of each rule, their mean over the seeds, and the interval over subjects of their average.
With --rows the same scores are counted on a subset. Rows without a label are left out.

    python benchmarks/descriptors.py COHORT.csv [--rows SUBSET.csv] [--seeds 3]
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from medidense.cohort import read_cohort
from medidense.preprocess import lesion_descriptors, open_sample
from medidense.stats.baselines import WITH_DESCRIPTORS, baseline_scores
from medidense.stats.comparing import auroc_estimate
from medidense.stats.intervals import SubjectDraws
from medidense.stats.ranking import auroc
from medidense.values import Cohort, Predictions, Sample, SampleFacts

FOLDS = 5
DRAWS = 2000


def measured(samples: Sequence[Sample]) -> tuple[list[SampleFacts], float]:
    """Facts of lesions, and the CPU seconds a lesion took after it was read."""
    facts, seconds = [], 0.0
    for sample in samples:
        volume, region = open_sample(sample)
        if region is None or region.mask is None:
            raise ValueError(f"{sample.name}: no mask of a lesion")
        begun = time.process_time()
        descriptors = lesion_descriptors(volume, region)
        seconds += time.process_time() - begun
        voxel = abs(float(np.linalg.det(volume.affine[:3, :3])))
        mean = float(volume.array[region.mask].mean(dtype=np.float64))
        facts.append(
            SampleFacts(
                sample.name,
                sample.subject_id,
                float(region.mask.sum()) * voxel,
                mean,
                volume.source.modality or "",
                0.0,
                0.0,
                0.0,
                descriptors,
            )
        )
    return facts, seconds / len(samples)


def folded(table: Cohort, samples: Sequence[Sample], seed: int) -> Predictions:
    """The rows with their folds, and scores that say nothing."""
    label = np.array([table.classes.index(str(sample.label)) for sample in samples], dtype=np.int64)
    subjects = tuple(sample.subject_id for sample in samples)
    fold = np.zeros(len(samples), dtype=np.int64)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(label, label, subjects)
    for number, (_, test) in enumerate(cut):
        fold[test] = number
    names = tuple(sample.name for sample in samples)
    scores = np.full((len(samples), len(table.classes)), 1 / len(table.classes))
    return Predictions(table.classes, table.classes[-1], names, subjects, fold, label, scores)


def described(cohort: Path, seeds: int, rows: Path | None = None) -> list[str]:
    """The lines to print."""
    table = read_cohort(cohort, unlabelled=True)
    samples = sorted((one for one in table.samples if one.labelled), key=lambda one: one.name)
    facts, seconds = measured(samples)
    wanted = {one.name for one in (samples if rows is None else read_cohort(rows).samples)}
    keep = np.array([sample.name in wanted for sample in samples])
    tables = [folded(table, samples, seed) for seed in range(seeds)]
    counted = tables[0].take(wanted)
    label, positive = counted.label, counted.positive_index
    draws = SubjectDraws.of(counted.subjects, DRAWS, 0)
    lines = [
        f"{keep.sum()} of {len(samples)} labelled samples, {draws.subjects} subjects; "
        f"{len(facts[0].descriptors)} descriptors in {1000 * seconds:.0f} ms of CPU a lesion"
    ]
    found = [{rule.name: rule.scores[keep] for rule in baseline_scores(one, facts)[0]} for one in tables]
    for name in found[0]:
        if name == WITH_DESCRIPTORS:  # there is no network here
            continue
        each = [auroc(label, rules[name], positive) or 0.0 for rules in found]
        mean = np.mean([rules[name] for rules in found], axis=0)
        sure = auroc_estimate(counted, mean, draws)
        seen = ", ".join(f"{one:.3f}" for one in each)
        lines.append(f"{name}: {np.mean(each):.3f} (95% CI {sure.low:.3f}-{sure.high:.3f}); seeds {seen}")
    return lines


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort", type=Path, metavar="COHORT.csv")
    parser.add_argument("--rows", type=Path, metavar="SUBSET.csv")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    print("\n".join(described(given.cohort, given.seeds, given.rows)))


if __name__ == "__main__":
    main()
