import dataclasses
import json

import numpy as np
import pytest
import torch

from medidense import durable
from medidense.benchmark import running
from medidense.benchmark.costs import Costs
from medidense.benchmark.experiment import SeedResult
from medidense.benchmark.running import Outcome, Plan, run
from medidense.benchmark.stated import STATED, named_recipe
from medidense.errors import OutputExistsError, RecipeError, UsageError
from medidense.nets import build_for
from medidense.train import Device

CPU = Device("cpu", "fp32", 1)
TINY = {"training.epochs": 1, "training.batch_size": 8}


def plan(seeds=(0,), **changes):
    recipe, stated = named_recipe("cifar10-smoke")
    return dataclasses.replace(
        Plan("cifar10-smoke", recipe.with_settings(TINY), stated, CPU, tuple(seeds), asked=TINY), **changes
    )


def seed_of(number, accuracy):
    return SeedResult(number, accuracy, 1.0, 1.0, 100.0, 10, [[1] * 10] * 10, [1.0])


def outcome(accuracies, tmp_path, **changes):
    seeds = tuple(seed_of(number, accuracy) for number, accuracy in enumerate(accuracies))
    return Outcome(plan(range(len(seeds)), asked={}, **changes), seeds, Costs(1, 2, 3, 4), {}, tmp_path)


def test_a_run_leaves_recipe_seeds_weights_and_the_whole(tmp_path, noise):
    found = run(plan((0, 1)), noise, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")}
    seeds = {f"seed-{n}.{kind}" for n in (0, 1) for kind in ("json", "safetensors")}
    assert names == {"recipe.yaml", "benchmark.json", *seeds}
    tree = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert tree == json.loads(json.dumps(found.to_json()))
    assert tree["accuracy"] == pytest.approx(np.mean(tree["accuracies"]))
    assert tree["costs"]["parameters"] == 180_714
    assert np.sum(tree["confusion"]) == 2 * len(noise.test)
    assert tree["machine"]["torch"] == torch.__version__


def test_finished_seeds_are_not_trained_again_and_missing_ones_are(tmp_path, noise, monkeypatch):
    first = run(plan((0,)), noise, tmp_path)
    trained = []
    real = running.train_seed

    def counted(recipe, images, seed, *arguments, **options):
        trained.append(seed)
        return real(recipe, images, seed, *arguments, **options)

    monkeypatch.setattr(running, "train_seed", counted)
    both = run(plan((0, 1)), noise, tmp_path)
    assert trained == [1]
    assert both.seeds[0] == first.seeds[0]
    run(plan((0, 1)), noise.first(16, 4), tmp_path)
    assert trained == [1, 0, 1]
    (tmp_path / "seed-1.safetensors").unlink()
    run(plan((0, 1)), noise.first(16, 4), tmp_path)
    assert trained == [1, 0, 1, 1]


def test_seeds_of_other_code_are_trained_again(tmp_path, noise, monkeypatch):
    """A verdict is noted for the code as it is now, so no other code's seeds may make it."""
    run(plan((0,)), noise, tmp_path)
    before = json.loads((tmp_path / "seed-0.json").read_text())
    monkeypatch.setattr(
        running, "train_seed", lambda *_, **__: (build_for(plan().recipe, 10), seed_of(0, 0.7))
    )
    assert run(plan((0,)), noise, tmp_path).accuracy == before["result"]["accuracy"]
    monkeypatch.setattr(running, "code_digest", lambda: "0.2.0+0123456789abcdef")
    assert run(plan((0,)), noise, tmp_path).accuracy == 0.7


def starting(weights):
    settings = {"start.weights": str(weights)}
    return plan(recipe=plan().recipe.with_settings(settings), asked=settings)


def test_weights_to_start_from_are_told_by_their_sum_not_by_their_path(tmp_path, noise, monkeypatch):
    weights = tmp_path / "given.pth"
    weights.write_bytes(b"first")
    net = build_for(plan().recipe, 10)
    monkeypatch.setattr(running, "train_seed", lambda *_, **__: (net, seed_of(0, 0.7)))
    run(starting(weights), noise, tmp_path / "out")
    for name in ("recipe.yaml", "benchmark.json"):
        text = (tmp_path / "out" / name).read_text()
        assert str(tmp_path) not in text
        assert f"sha256:{durable.sha256_file(weights)}" in text
    weights.write_bytes(b"second")
    with pytest.raises(OutputExistsError, match="another recipe"):
        run(starting(weights), noise, tmp_path / "out")


def test_missing_weights_leave_the_folder_to_the_next_try(tmp_path, noise, monkeypatch):
    with pytest.raises(UsageError, match="give them: --set"):
        run(starting(tmp_path / "typo.pth"), noise, tmp_path / "out")
    (tmp_path / "given.pth").write_bytes(b"first")
    net = build_for(plan().recipe, 10)
    monkeypatch.setattr(running, "train_seed", lambda *_, **__: (net, seed_of(0, 0.7)))
    assert run(starting(tmp_path / "given.pth"), noise, tmp_path / "out").accuracy == 0.7


def test_a_folder_of_another_recipe_is_refused(tmp_path, noise):
    run(plan(), noise, tmp_path)
    other = plan().recipe.with_settings({"training.learning_rate": 0.1})
    with pytest.raises(OutputExistsError, match="another recipe"):
        run(plan(recipe=other), noise, tmp_path)


def test_the_network_is_that_of_the_first_seed(tmp_path, noise):
    found = run(plan(), noise, tmp_path)
    net = found.network()
    assert not net.training
    assert sum(p.numel() for p in net.parameters()) == 180_714


def test_another_network_by_the_same_recipe_has_a_small_stem_and_no_bound():
    beside = plan().against("resnet18")
    assert (beside.recipe.network.name, beside.recipe.network.stem) == ("resnet18", "small")
    assert beside.recipe.training == plan().recipe.training
    assert beside.stated is None
    with pytest.raises(RecipeError):
        running.costs(plan().against("resnet19").recipe, 10)


@pytest.mark.parametrize(
    ("accuracies", "passed", "words"),
    [
        ([0.67, 0.66, 0.68], True, "PASS: mean test accuracy 67.00% of 3 seeds, at least the bound 66.00%"),
        ([0.66, 0.65, 0.66], False, "FAIL: mean test accuracy 65.67% of 3 seeds, below the bound 66.00%"),
        ([0.70], True, "1 seed, at least the bound 66.00%; it is stated for the mean of 3 seeds"),
    ],
)
def test_the_verdict(tmp_path, accuracies, passed, words):
    found = outcome(accuracies, tmp_path)
    assert found.passed is passed
    assert words in found.verdict
    assert found.to_json()["passed"] is passed


def test_no_verdict_on_changed_settings_or_without_a_bound(tmp_path):
    changed = dataclasses.replace(
        outcome([0.9], tmp_path), plan=plan(asked={"training.epochs": 3}, stated=STATED["cifar10-smoke"])
    )
    assert changed.passed is None
    assert "settings were changed" in changed.verdict
    free = outcome([0.9], tmp_path, stated=None, name="mine")
    assert free.passed is None
    assert "NO VERDICT" in free.verdict
    assert "for mine" in free.verdict


def test_spread_is_over_seeds(tmp_path):
    assert outcome([0.6, 0.7, 0.8], tmp_path).spread == pytest.approx(0.1)
    assert outcome([0.6], tmp_path).spread is None
