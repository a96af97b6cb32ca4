"""A budget too short for 3D turns to the plane through each lesion's middle."""

from medidense.cohort import Budget, central_plane, fit_budget, plan_recipe, too_short


def test_the_plane_shows_as_much_as_the_cube(planned):
    fp = planned()
    cube = plan_recipe(fp)
    flat = central_plane(cube, fp)
    shown = cube.input.size[0] * cube.input.spacing_mm[0]
    assert (flat.input.dims, len(flat.input.size), len(flat.input.spacing_mm)) == (2, 2, 2)
    assert flat.input.size[0] % 32 == 0
    assert shown <= flat.input.size[0] * flat.input.spacing_mm[0] <= shown * 1.05
    assert flat.training == cube.training
    assert flat.reasons["input.dims"] != cube.reasons["input.dims"]
    assert flat.reasons.keys() == cube.reasons.keys()


def test_only_a_short_3d_training_is_too_short(planned):
    fp = planned()
    cube = plan_recipe(fp)
    assert too_short(fit_budget(cube, fp, Budget(5, 5, 0.1)))
    assert not too_short(fit_budget(cube, fp, Budget(500, 5, 0.1)))
    flat = central_plane(cube, fp)
    assert not too_short(fit_budget(flat, fp, Budget(5, 5, 0.1)))


def test_no_plane_without_a_lesion_or_of_a_plane(planned):
    fp = planned()
    assert central_plane(central_plane(plan_recipe(fp), fp), fp) is None
    whole = planned(region="whole", extent=None)
    assert central_plane(plan_recipe(whole), whole) is None
