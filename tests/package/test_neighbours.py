"""Is noise told from an image, and is no sound image taken for noise?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.package.neighbours import check_neighbours, correlations
from medidense.values import Refused, Source, Volume

COMPRESSED = Source("dicom", "CT", compressed=True)


def body(slices=9, side=40, noise=5.0, seed=0):
    """Smooth balls of 400 on -1000, with a scanner's noise, int16 (i, j, k)."""
    random = np.random.default_rng(seed)
    i, j, k = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j, -1 : 1 : slices * 1j]
    values = 1400 / (1 + np.exp(20 * (i**2 + j**2 + 0.3 * k**2 - 0.5))) - 1000
    return (values + random.normal(scale=noise, size=values.shape)).astype(np.int16)


def volume(array, source=COMPRESSED):
    return Volume(array, np.eye(4), source)


def refusal(array, source=COMPRESSED):
    with pytest.raises(Refused) as caught:
        check_neighbours(volume(array, source), "a.dcm")
    return caught.value.refusal


def noisy(array, k, share=1.0, seed=1):
    """The same with noise in the last rows of slice k."""
    bad = array.copy()
    first = int(bad.shape[1] * (1 - share))
    bad[:, first:, k] = np.random.default_rng(seed).integers(-1000, 2000, bad[:, first:, k].shape)
    return bad


@settings(max_examples=20, deadline=None)
@given(noise=st.floats(0, 60), slices=st.integers(1, 9), seed=st.integers(0, 99))
def test_an_image_with_a_scanners_noise_passes(noise, slices, seed):
    check_neighbours(volume(body(slices, noise=noise, seed=seed)), "a.dcm")


@pytest.mark.parametrize("slices", [1, 3, 9])
def test_a_slice_of_noise_is_refused_and_named(slices):
    k = slices // 2
    found = refusal(noisy(body(slices), k))
    assert (found.code, found.where) == ("DAMAGED_PIXELS", "a.dcm")
    assert f"slice {k + 1} " in found.found
    assert found.expected == "at least 0.4 along one of its axes"


@pytest.mark.parametrize("k", [0, 4, 8])
def test_a_part_of_a_slice_shows_beside_the_slices_around_it(k):
    found = refusal(noisy(body(), k, share=0.2))
    assert found.code == "DAMAGED_PIXELS"
    assert f"slice {k + 1} " in found.found
    assert "as in the slices around it" in found.expected


def test_what_was_not_compressed_or_has_colours_is_not_judged():
    noise = noisy(body(), 3)
    check_neighbours(volume(noise, Source("dicom", "CT")), "a.dcm")
    colour = np.random.default_rng(0).integers(0, 255, (9, 9, 1, 3)).astype(np.uint8)
    check_neighbours(volume(colour), "a.dcm")


def test_slices_of_one_value_and_slices_that_show_next_to_nothing_are_sound():
    empty = body()
    empty[:, :, 0] = empty[:, :, 1] = -1000
    empty[3, 3, 1] = -990
    check_neighbours(volume(empty), "a.dcm")
    check_neighbours(volume(np.full((5, 5, 2), 7, np.int16)), "a.dcm")
    check_neighbours(volume(np.zeros((1, 1, 1), np.int16)), "a.dcm")


def test_rows_that_differ_are_no_damage_while_neighbours_in_them_agree():
    """An interlaced or phase image: rough along one axis alone."""
    striped = body()
    striped[:, ::2, 4] += 3000
    along, down = correlations(striped)[4]
    assert along > 0.9 > 0.5 > down
    check_neighbours(volume(striped), "a.dcm")


def test_the_correlation_is_that_of_pairs():
    random = np.random.default_rng(0)
    values = np.cumsum(random.normal(size=(400, 300)), axis=0)
    values -= values.mean(axis=0)
    (found,) = correlations(values[:, :, None])
    assert found[0] == pytest.approx(np.corrcoef(values[1:].ravel(), values[:-1].ravel())[0, 1], abs=0.01)
    assert found[1] == pytest.approx(
        np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1], abs=0.01
    )
