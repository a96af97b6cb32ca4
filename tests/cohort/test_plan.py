"""Every key of a planned recipe has its reason, on made fingerprints and on real cohorts."""

from operator import attrgetter

import pytest

from medidense.cohort import check_images, fingerprint, plan_recipe, read_cohort
from medidense.cohort.fingerprint import Spread
from medidense.values import recipe_keys

UNPLANNED = {"version", "reasons"}
SECTIONS = (
    "start",
    "training.early_stopping",
    "labels.soft",
    "labels.auxiliary",
    "input.second_window",
    "input.covariates",
)


def unexplained(recipe) -> set[str]:
    """Keys without a reason, and reasons without a key; a section that is off has one reason."""
    off = [name for name in SECTIONS if attrgetter(name)(recipe) is None]
    wanted = {next((name for name in off if key.startswith(f"{name}.")), key) for key in recipe_keys()}
    wanted -= UNPLANNED
    explained = {key for key, reason in recipe.reasons.items() if len(reason) > 20 and reason.endswith(".")}
    return wanted ^ explained


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"region": "whole", "extent": None, "with_region": 3},
        {"spacing_mm": None, "spacing_range_mm": None},
        {"dims": 2},
        {"dims": 2, "region": "whole", "extent": None},
        {"dims": 2, "region": "whole", "extent": None, "pictures": True, "spacing_mm": None},
        {"modality": "MR", "class_counts": {"0": 10, "1": 10, "2": 11}},
        {"two_valued": True, "modality": None, "intensity": {"minimum": 0.0, "maximum": 255.0}},
    ],
)
def test_every_key_has_its_reason(planned, changes):
    recipe = plan_recipe(planned(**changes))
    assert unexplained(recipe) == set()
    assert recipe.labels.positive == ("2" if "class_counts" in changes else "1")


def test_the_same_fingerprint_gives_the_same_recipe(planned):
    assert plan_recipe(planned()) == plan_recipe(planned())
    assert plan_recipe(planned()).training.early_stopping is None


def test_a_full_head_mr_with_large_lesions(planned):
    fp = planned(
        modality=None,
        modality_words="no file states its modality: none is assumed",
        lung=False,
        looks_like_hu=False,
        extent=Spread(100.0, 130.0, 140.0, 150.0),
        shape=(182, 218, 182),
        spacing_mm=(1.0, 1.0, 1.0),
    )
    spec = plan_recipe(fp).input
    assert (spec.size, spec.spacing_mm, spec.intensity.rule) == ((57, 57, 57), (2.4,) * 3, "percentiles")


def test_real_nodules(shared_data):
    cohort = read_cohort(shared_data / "lidc/cohort_small.csv")
    facts = check_images(cohort)
    found = fingerprint(cohort, facts)
    recipe = plan_recipe(found)
    assert (found.modality, found.lung, found.dims, found.region) == ("CT", True, 3, "lesion")
    assert recipe.input.intensity.low == -1000.0
    assert "taken as CT" in recipe.reasons["input.modality"]
    assert (recipe.training.class_weights, recipe.training.sampling) == ("none", "balanced")
    assert (recipe.input.view, recipe.input.channels, recipe.prediction.flips) == ("planes", 3, True)
    assert "NO_MASK" in recipe.reasons["input.mask_channel"]
    assert unexplained(recipe) == set()


def test_real_ultrasound_pictures(shared_data, tmp_path):
    lines = (shared_data / "busi/cohort.csv").read_text().splitlines()
    rows = [lines[0], *lines[1:640:40], *lines[640:780:20]]
    table = tmp_path / "few.csv"
    table.write_text(
        "\n".join(rows)
        .replace("images/", f"{shared_data}/busi/images/")
        .replace("masks/", f"{shared_data}/busi/masks/")
    )
    cohort = read_cohort(table)
    recipe = plan_recipe(fingerprint(cohort, check_images(cohort)))
    assert (recipe.input.dims, recipe.input.size, recipe.input.spacing_mm) == (2, (96, 96), None)
    assert (recipe.input.region, recipe.input.modality) == ("whole", None)
    assert (recipe.input.intensity.rule, recipe.input.intensity.high) == ("window", 255.0)
