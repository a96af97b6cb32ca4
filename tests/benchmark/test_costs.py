import pytest

from medidense.benchmark.costs import costs
from medidense.benchmark.stated import named_recipe


@pytest.mark.parametrize(
    ("name", "parameters", "flops"),
    [("densenet121", 7_978_856, 5.67e9), ("resnet50", 25_557_032, 8.18e9), ("resnet18", 11_689_512, 3.63e9)],
)
def test_networks_for_imagenet_cost_what_is_known_of_them(name: str, parameters: int, flops: float) -> None:
    """As torchvision documents them: 2.83, 4.09 and 1.81 giga multiply-adds."""
    settings = {"network.name": name, "input.size": [224, 224]}
    found = costs(named_recipe("cifar10-paper")[0].with_settings(settings), 1000)
    assert found.parameters == parameters
    assert found.flops == pytest.approx(flops, rel=0.005)


def test_a_densenet_has_fewer_parameters_than_a_resnet_and_keeps_more() -> None:
    recipe = named_recipe("cifar10-paper")[0]
    dense, residual = (
        costs(recipe.with_settings({"network.name": name, "input.size": [224, 224]}), 1000)
        for name in ("densenet121", "resnet50")
    )
    assert dense.parameters < residual.parameters / 3
    assert dense.flops < residual.flops
    assert dense.kept > residual.kept
    assert dense.moved_mb > residual.moved_mb


def test_counts_of_one_image_do_not_depend_on_its_neighbours_or_on_values() -> None:
    recipe = named_recipe("cifar10-smoke")[0]
    small, large = (costs(recipe.with_settings({"input.size": [side, side]}), 10).kept for side in (32, 64))
    assert large == pytest.approx(4 * small, rel=0.02)
    assert costs(recipe, 10) == costs(recipe, 10)
