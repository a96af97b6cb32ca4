"""A budget too short for DenseNet-121 takes the small one before it takes voxels."""

from medidense.cohort import Budget, fit_budget, plan_recipe, smaller_network, too_short


def test_the_small_network_keeps_the_planes_and_says_why(planned):
    recipe = plan_recipe(planned())
    small = smaller_network(recipe)
    assert small.network.name == "densenet_small"
    assert small.training.learning_rate == 0.003
    assert small.input == recipe.input
    assert "too short" in small.reasons["network.name"]
    assert smaller_network(small) is None


def test_nothing_smaller_is_known_for_whole_images(planned):
    assert smaller_network(plan_recipe(planned(region="whole", extent=None))) is None


def test_lost_voxels_or_epochs_are_too_short(planned):
    fp = planned()
    recipe = plan_recipe(fp)
    assert not too_short(fit_budget(recipe, fp, Budget(60, 5, 0.035)), recipe)
    assert too_short(fit_budget(recipe, fp, Budget(20, 5, 0.07)), recipe)
    assert too_short(fit_budget(recipe, fp, Budget(1, 5, 0.07)), recipe)
