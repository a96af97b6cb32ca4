"""The descriptors of real nodules, over folds of two seeds."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from descriptors import described


@pytest.mark.slow
def test_descriptors_of_real_nodules_rank_as_measured(shared_data: Path) -> None:
    said = described(shared_data / "lidc" / "cohort_small.csv", 2)
    assert said[0].startswith("103 of 103 labelled samples, 66 subjects; 60 descriptors in ")
    assert re.match(r"volume alone: 0\.947 \(", said[1])
    area = float(re.match(r"logistic regression on descriptors: (\d\.\d+) \(", said[-1])[1])
    assert 0.9 < area < 0.97
