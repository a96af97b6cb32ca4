"""Pairs alike in size."""

import numpy as np
import pytest

from medidense.stats import matched_pairs, matched_subset, matching
from medidense.values import Predictions, SampleFacts


def test_as_many_pairs_as_can_be_made_each_row_once() -> None:
    volume = np.array([100.0, 110.0, 105.0, 121.0, 1000.0, np.nan])
    positive = np.array([True, True, False, False, True, False])
    subject = np.array(list("abcdef"))
    pairs = matched_pairs(volume, positive, subject, 0.12)
    assert sorted(map(tuple, pairs.tolist())) == [
        (0, 2),
        (1, 3),
    ]  # the closest pair alone would leave 0 and 3


def test_a_pair_is_of_two_subjects_and_inside_the_caliper() -> None:
    volume, positive = np.array([100.0, 101.0]), np.array([True, False])
    assert matched_pairs(volume, positive, np.array(["a", "a"])).shape == (0, 2)
    assert matched_pairs(volume, positive, np.array(["a", "b"])).tolist() == [[0, 1]]
    assert matched_pairs(volume * [1, 1.3], positive, np.array(["a", "b"])).shape == (0, 2)


def test_a_network_that_measures_size_is_seen_to(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    label = np.arange(400) % 2
    volume = np.exp(draw.normal(6 + 1.5 * label, 1.0))
    names = tuple(f"s{row:03d}" for row in range(400))
    ranks = volume.argsort().argsort() / 400
    table = Predictions(
        ("0", "1"), "1", names, names, np.arange(400) % 5, label, np.stack([1 - ranks, ranks], axis=1)
    )
    facts = [SampleFacts(n, n, float(v), 0.0, "CT", 0, 0, 0) for n, v in zip(names, volume, strict=True)]
    found = matched_subset(table, facts, 300, 0)
    assert found.pairs > 60
    assert found.auroc.value == pytest.approx(0.5, abs=0.05)
    assert found.auroc == found.volume_auroc
    assert found.auroc.low < 0.5 < found.auroc.high
    assert matched_subset(table, [], 300, 0) is None
    monkeypatch.setattr(matching, "MOST", 200 * 200 - 1)
    monkeypatch.setattr(matching, "BLOCK", 500)
    blocks = matched_subset(table, facts, 300, 0)
    assert blocks.pairs == found.pairs
    assert blocks.auroc.value == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_blocks_have_as_many_pairs_as_all_rows_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(seed)
    positive = draw.uniform(size=300) < 0.3
    volume = np.exp(draw.normal(6 + positive, 1.5))
    volume[:20] = 500.0  # ties, and many more rows of a volume than partners
    subject = np.arange(300).astype(str)
    best = matched_pairs(volume, positive, subject)
    monkeypatch.setattr(matching, "MOST", 0)
    monkeypatch.setattr(matching, "BLOCK", 60)
    seen = []
    pairs_of = matching._Lesions.pairs

    def spied(self: matching._Lesions, rows: np.ndarray, caliper: float) -> np.ndarray:
        seen.append(int(positive[rows].sum()) * int((~positive[rows]).sum()))
        return pairs_of(self, rows, caliper)

    monkeypatch.setattr(matching._Lesions, "pairs", spied)
    found = matched_pairs(volume, positive, subject)
    assert len(found) == len(best)
    assert len(set(found.ravel())) == found.size
    assert positive[found].tolist() == [[True, False]] * len(found)
    assert np.abs(np.log(volume[found[:, 0]] / volume[found[:, 1]])).max() <= 0.2
    assert max(seen) <= 60
    assert len(seen) > 5


def test_nobody_is_near_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST", 0)
    far = matched_pairs(np.array([1.0, 9.0]), np.array([True, False]), np.array(["a", "b"]))
    assert far.shape == (0, 2)
