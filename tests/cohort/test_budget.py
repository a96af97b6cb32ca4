"""What fits into the minutes: a pure function of the measured time."""

import pytest

from medidense.cohort import Budget, fit_budget, plan_recipe
from medidense.cohort.fingerprint import Spread
from medidense.errors import UsageError


@pytest.fixture
def fitted(planned):
    def fit(minutes: float, seconds: float = 0.035, folds: int = 5, **changes):
        fp = planned(**changes)
        return fit_budget(plan_recipe(fp), fp, Budget(minutes, folds, seconds))

    return fit


def test_epochs_fill_four_fifths_of_the_time(fitted):
    recipe = fitted(20)
    spent = recipe.training.epochs * 391 * 4 * 0.035
    assert recipe.training.epochs == 17
    assert 0.9 * 0.8 * 1200 < spent <= 0.8 * 1200
    assert recipe.reasons["training.epochs"] == (
        "35 ms per sample was measured for a training step, so an epoch of all 5 folds takes about "
        "0.91 minutes: 17 of the 29 epochs planned fit into 80% of 20 minutes."
    )
    assert recipe.reasons.keys() == fitted(1e6).reasons.keys()


def test_a_large_budget_changes_no_number(fitted, planned):
    recipe = fitted(1e6)
    assert recipe.model_copy(update={"reasons": {}}) == plan_recipe(planned()).model_copy(
        update={"reasons": {}}
    )
    assert "the 29 epochs planned fit" in recipe.reasons["training.epochs"]


def test_fewer_folds_leave_more_epochs(fitted):
    assert fitted(20, folds=3).training.epochs == 29
    assert fitted(20, folds=4).training.epochs == 23


def test_few_epochs_cut_the_patch_down(fitted):
    extent = Spread(11.0, 29.6, 35.0, 58.0)
    full, cut = fitted(60, 0.07, extent=extent), fitted(20, 0.07, extent=extent)
    assert (full.input.size, full.input.spacing_mm) == ((45,) * 3, (0.7,) * 3)
    assert (cut.input.size, cut.input.spacing_mm) == ((33,) * 3, (0.875,) * 3)
    assert cut.training.epochs == 16
    assert cut.reasons["input.size"] == (
        "Cut down from 45 x 45 x 45 voxels: at that size 8 epochs would have fitted into 20 minutes."
    )
    assert "about 37.6 ms with the smaller input" in cut.reasons["training.epochs"]


def test_a_whole_volume_stays_whole(fitted):
    whole = {
        "region": "whole",
        "extent": None,
        "spacing_mm": (1.0,) * 3,
        "shape": (182, 218, 182),
        "side": Spread(*[218.0] * 4),
    }
    full, cut = fitted(1e6, **whole), fitted(5, 0.2, **whole)
    assert max(cut.input.size) == 32
    shown = [side * gap for side, gap in zip(cut.input.size, cut.input.spacing_mm, strict=True)]
    before = [side * gap for side, gap in zip(full.input.size, full.input.spacing_mm, strict=True)]
    assert all(now >= then - 1e-6 for now, then in zip(shown, before, strict=True))


def test_pictures_stay_at_64(fitted):
    picture = {
        "dims": 2,
        "region": "whole",
        "extent": None,
        "pictures": True,
        "spacing_mm": None,
        "side": Spread(*[220.0] * 4),
    }
    cut = fitted(1, 0.1, **picture)
    assert (cut.input.size, cut.input.spacing_mm) == ((64, 64), None)
    assert "longest side just fits" in cut.reasons["input.spacing_mm"]


def test_one_epoch_at_least(fitted):
    recipe = fitted(0.01, 1.0)
    assert recipe.training.epochs == 1
    assert recipe.reasons["training.epochs"].endswith("One is trained and takes longer.")


@pytest.mark.parametrize(
    ("minutes", "folds", "seconds"), [(0, 5, 1), (-1, 5, 1), (float("nan"), 5, 1), (5, 1, 1), (5, 5, 0)]
)
def test_budgets_that_do_not_hold(minutes, folds, seconds):
    with pytest.raises(UsageError):
        Budget(minutes, folds, seconds)
