from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medidense.benchmark import Images


def test_the_whole_experiment_in_small(
    story: Any, cifar10_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = story("cifar10_sanity").main(
        cifar10_data, seeds=1, against="densenet_small", first=16, out=tmp_path / "out"
    )
    printed = capsys.readouterr().out
    assert [outcome.plan.recipe.network.name for outcome in outcomes] == ["densenet_small", "densenet_small"]
    assert "cat            5000 to train on   1000 to test on" in printed
    assert "180,714 parameters" in printed
    assert printed.count("NO VERDICT") == 2
    assert "network.stem: The 7x7 stem" in printed


def test_shuffling_keeps_images_and_counts_and_the_test_part(story: Any) -> None:
    labels = np.arange(100, dtype=np.int64) % 10
    images = Images(
        np.zeros((100, 32, 32, 3), np.uint8), labels, np.zeros((9, 32, 32, 3), np.uint8), labels[:9]
    )
    found = story("cifar10_sanity").shuffled(images)
    assert found.train is images.train
    assert found.test_labels is images.test_labels
    assert sorted(found.train_labels) == sorted(labels)
    assert np.mean(found.train_labels == labels) < 0.3
