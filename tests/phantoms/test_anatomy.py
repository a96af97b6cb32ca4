"""Body, lungs and vessels."""

import numpy as np

from medidense.phantoms.anatomy import AIR, BONE, LUNG, TISSUE, VESSEL, add_vessel, body_of

OFFSETS = tuple((np.arange(n) - (n - 1) / 2) * gap for n, gap in ((96, 0.9), (96, 0.9), (36, 2.0)))


def test_two_lungs_lie_within_a_body_with_ribs_in_air():
    hu, lungs = body_of(OFFSETS)
    assert set(np.unique(hu)) == {AIR, LUNG, TISSUE, BONE}
    assert (hu[lungs] == LUNG).all()
    assert hu[0, 0, 0] == AIR
    assert hu[48, 48, 18] == TISSUE
    assert lungs[24, 48].all()
    assert lungs[71, 48].all()
    assert 0.2 < lungs.mean() < 0.6


def test_vessels_brighten_the_lungs_alone():
    hu, lungs = body_of(OFFSETS)
    before = hu.copy()
    random = np.random.default_rng(0)
    for _ in range(20):
        add_vessel(hu, OFFSETS, lungs, random)
    assert (hu[~lungs] == before[~lungs]).all()
    assert 0.002 < (hu[lungs] > -400).mean() < 0.1
    assert hu[lungs].max() <= VESSEL
    assert hu[lungs].min() >= LUNG
