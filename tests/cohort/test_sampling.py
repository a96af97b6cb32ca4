"""Crops hold the lesions, whole images fit, the network can take every size that is planned."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medidense.cohort.fingerprint import Spread
from medidense.cohort.plan import plan_recipe
from medidense.cohort.sampling import choose_sampling


def chosen(fp):
    return {choice.key.removeprefix("input."): choice.value for choice in choose_sampling(fp)}


@pytest.mark.parametrize(
    ("p90", "side", "spacing"),
    [(5.0, 45, 0.7), (20.0, 45, 0.7), (29.6, 45, 0.7), (37.0, 45, 0.9), (45.0, 57, 0.85), (90.0, 57, 1.7)],
)
def test_lesion_crops_grow_coarser_before_they_grow_larger(planned, p90, side, spacing):
    keys = chosen(planned(extent=Spread(10.0, p90, p90, p90)))
    assert (keys["size"], keys["spacing_mm"]) == ([side] * 3, [spacing] * 3)
    assert (keys["dims"], keys["region"], keys["orientation"], keys["fill"]) == (
        3,
        "lesion",
        "RAS",
        "reflect",
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(p90=st.floats(0.2, 400.0), finest=st.floats(0.01, 3.0))
def test_nine_of_ten_lesions_always_fit_with_room(p90, finest, planned):
    fp = planned(extent=Spread(p90 / 2, p90, p90, p90), spacing_range_mm=(finest, 2 * finest))
    keys = chosen(fp)
    assert keys["size"][0] * keys["spacing_mm"][0] >= 1.05 * p90 * 0.999
    assert keys["size"][0] in (33, 45, 57)


def test_tiny_lesions_in_fine_images_get_finer_voxels(planned):
    keys = chosen(planned(extent=Spread(1.0, 1.6, 2.0, 3.0), spacing_range_mm=(0.05, 0.1)))
    assert (keys["spacing_mm"], keys["size"]) == ([0.13] * 3, [45] * 3)
    coarse = chosen(planned(extent=Spread(3.0, 4.0, 5.0, 6.0), spacing_range_mm=(1.2, 3.0)))
    assert coarse["spacing_mm"] == [1.2] * 3


def test_lesions_of_a_slice_keep_the_images_spacing(planned):
    fp = planned(
        dims=2, spacing_mm=(0.2, 0.2, 1.0), spacing_range_mm=(0.1, 0.3), extent=Spread(8, 12.0, 14, 20)
    )
    assert (chosen(fp)["size"], chosen(fp)["spacing_mm"]) == ([96, 96], [0.2, 0.2])
    wide = planned(dims=2, spacing_mm=(0.05, 0.05, 1.0), extent=Spread(8, 12.0, 14, 20))
    assert (chosen(wide)["size"], chosen(wide)["spacing_mm"]) == ([224, 224], [0.09, 0.09])


@pytest.mark.parametrize(("longest", "side"), [(28.0, 64), (64.0, 64), (65.0, 96), (96.0, 96), (500.0, 224)])
def test_whole_pictures(planned, longest, side):
    fp = planned(
        dims=2,
        region="whole",
        with_region=0,
        pictures=True,
        spacing_mm=None,
        spacing_range_mm=None,
        extent=None,
        side=Spread(longest, longest, longest, longest),
    )
    keys = chosen(fp)
    assert (keys["size"], keys["spacing_mm"], keys["orientation"]) == ([side, side], None, "as_stored")


def test_small_whole_volumes_of_unknown_spacing(planned):
    fp = planned(
        region="whole",
        with_region=0,
        spacing_mm=None,
        spacing_range_mm=None,
        extent=None,
        side=Spread(28, 28, 28, 28),
    )
    keys = chosen(fp)
    assert (keys["size"], keys["spacing_mm"], keys["orientation"]) == ([32] * 3, None, "RAS")


def test_whole_volumes_fit_and_are_never_finer_than_stored(planned):
    whole = {"region": "whole", "with_region": 0, "extent": None}
    brain = planned(
        **whole, samples=60, spacing_mm=(1.0, 1.0, 1.0), shape=(182, 218, 182), side=Spread(*[218.0] * 4)
    )
    keys = chosen(brain)
    assert keys["spacing_mm"] == [2.3] * 3
    assert keys["size"] == [80, 96, 80]
    assert chosen(
        planned(
            **{
                **whole,
                "samples": 2000,
                "spacing_mm": (1.0,) * 3,
                "shape": (182, 218, 182),
                "side": Spread(*[218.0] * 4),
            }
        )
    )["size"] == [56, 64, 56]
    small = planned(**whole, spacing_mm=(2.2857,) * 3, shape=(28, 28, 28), side=Spread(*[64.0] * 4))
    assert (chosen(small)["size"], chosen(small)["spacing_mm"]) == ([32] * 3, [2.2857] * 3)


def test_lesions_of_unknown_spacing_are_scaled(planned):
    fp = planned(
        dims=2, pictures=True, spacing_mm=None, spacing_range_mm=None, extent=Spread(40, 55.0, 60, 80)
    )
    keys = chosen(fp)
    assert (keys["size"], keys["spacing_mm"], keys["orientation"]) == ([96, 96], None, "as_stored")
    volume = planned(spacing_mm=None, spacing_range_mm=None, extent=Spread(10, 16.0, 20, 30))
    assert plan_recipe(volume).input.size == (32, 32, 32)
    assert plan_recipe(volume).input.orientation == "as_stored"
