"""The figures of a cohort, and what one recipe cannot serve."""

import json

import pytest

from medidense.cohort import fingerprint
from medidense.errors import CohortError
from medidense.values import Marker


@pytest.fixture
def described(cohort_of, image_facts):
    """The fingerprint of samples whose facts differ as given."""

    def describe(*changes, **fields):
        cohort = cohort_of(*[(f"S{number}", "xy"[number % 2]) for number in range(len(changes))], **fields)
        return fingerprint(cohort, [image_facts(**change) for change in changes])

    return describe


def test_figures(described):
    changes = [{"extent_mm": (10.0 + step, 8.0, 4.0)} for step in range(10)]
    found = described(*changes, marker=Marker((0, 0, 0), 5.0))
    assert (found.region, found.samples, found.subjects, found.class_counts) == (
        "lesion",
        10,
        10,
        {"x": 5, "y": 5},
    )
    assert (found.extent.median, found.extent.largest) == (14.5, 19.0)
    assert found.extent.p90 == pytest.approx(18.1)
    assert found.spacing_mm == (0.8, 0.8, 2.0)
    assert found.spacing_range_mm == (0.8, 2.0)
    assert found.shape == (40, 50, 20)
    assert found.side.median == 40.0
    assert found.intensity["p50"] == -700.0
    assert found.unit == "mm"
    assert json.loads(json.dumps(found.to_json()))["extent"]["median"] == 14.5


def test_without_a_lesion_in_every_row_images_are_whole(described):
    found = described({"extent_mm": (9.0, 9.0, 9.0)}, {})
    assert (found.region, found.with_region, found.extent) == ("whole", 1, None)


def test_any_unknown_spacing_leaves_voxels(described):
    found = described({}, {"spacing_known": False, "spacing_mm": (1.0, 1.0, 1.0)})
    assert (found.spacing_mm, found.spacing_range_mm, found.unit) == (None, None, "voxels")
    assert found.side.largest == 50.0


def test_values_like_hounsfield_units_are_taken_as_ct(described):
    found = described({}, {})
    assert (found.modality, found.looks_like_hu, found.lung) == ("CT", True, True)
    assert found.modality_words == (
        "no file states its modality; the values look like Hounsfield units (the images' median minimum "
        "is -1024, their median maximum 1200), so they are taken as CT"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"minimum": -16.0, "maximum": 138.0},
        {"minimum": -400.0},
        {"maximum": 90.0},
        {"minimum": -30000.0},
        {"maximum": 1e6},
    ],
)
def test_other_values_are_of_no_known_modality(described, change):
    found = described(change, change)
    assert (found.modality, found.looks_like_hu, found.lung) == (None, False, False)
    assert "none is assumed" in found.modality_words


def test_soft_tissue_is_no_lung(described):
    assert not described({"lung": 0.02}, {"lung": 0.01}).lung
    assert not described({"modality": "MR"}, {"modality": "MR"}).lung


def test_stated_modality(described):
    found = described({"modality": "MR"}, {})
    assert found.modality == "MR"
    assert found.modality_words == (
        "the files state the modality MR; 1 of 2 samples do not state theirs and are taken as MR too"
    )


def test_two_modalities_are_a_problem(described):
    with pytest.raises(CohortError) as caught:
        described({"modality": "CT"}, {"modality": "MR"}, {"modality": "CT"})
    assert caught.value.lines == (
        "made row 3: more than one modality in one cohort (CT: 2, MR: 1); the first of MR; found '1.png'; "
        "make a cohort of each modality",
    )


def test_slices_beside_volumes_are_a_problem(described):
    with pytest.raises(CohortError) as caught:
        described({}, {}, {"dims": 2, "shape": (40, 50, 1)})
    assert caught.value.lines == (
        "made row 4: single slices and volumes in one cohort: 1 of 3 samples are single slices, this the "
        "first; found '2.png'; make a cohort of each",
    )


def test_pictures(described):
    change = {
        "kind": "picture",
        "dims": 2,
        "shape": (96, 80, 1),
        "spacing_known": False,
        "spacing_mm": (1.0, 1.0, 1.0),
        "minimum": 0.0,
        "maximum": 250.0,
    }
    found = described(change, change)
    assert (found.pictures, found.dims, found.modality, found.whole_numbers_to_255) == (True, 2, None, True)
    assert found.side.median == 96.0
    assert found.modality_words == "pictures do not state their modality, and none is assumed"
