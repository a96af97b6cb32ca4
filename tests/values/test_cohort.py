"""Names, classes and the digest of a cohort."""

from dataclasses import replace
from pathlib import PurePath

import pytest

from medidense.values import Cohort, Marker, Sample

FIRST = Sample(2, "P1", "a.nii.gz", PurePath("/x/a.nii.gz"), "1", lesion_id="L1")
SECOND = Sample(
    3, "P2", "scan", PurePath("/x/scan"), "0", marker=Marker((1.0, -2.5, 3.0), 9.0), series_uid="1.2"
)


def test_names_tell_lesions_and_series_apart() -> None:
    assert FIRST.name == "a.nii.gz#L1"
    assert SECOND.name == "scan#1.2#1,-2.5,3"
    assert replace(FIRST, series_uid="9").name == FIRST.name  # chooses only within a DICOM folder


def test_two_samples_of_one_name_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="no two of one name"):
        Cohort("c", (FIRST, replace(FIRST, row=3)))


def test_numbers_sort_as_numbers_and_words_after_them() -> None:
    labels = ["10", "9", "b", "a"]
    samples = tuple(replace(FIRST, lesion_id=f"L{n}", label=label) for n, label in enumerate(labels))
    assert Cohort("c", samples).classes == ("9", "10", "a", "b")


def test_the_digest_sees_content_not_order_nor_place() -> None:
    cohort = Cohort("c", (FIRST, SECOND))
    moved = tuple(replace(s, image_path=PurePath("/y") / s.image, row=s.row + 5) for s in (SECOND, FIRST))
    assert Cohort("other", moved).digest == cohort.digest
    assert Cohort("c", (replace(FIRST, label="0"), SECOND)).digest != cohort.digest
    assert Cohort("c", (replace(FIRST, subject_id="P2"), SECOND)).digest != cohort.digest
    assert Cohort("c", (FIRST, replace(SECOND, extra={"age": "7"}))).digest != cohort.digest


def test_segments_of_one_mask_are_samples_of_their_own() -> None:
    masked = replace(FIRST, lesion_id="", mask="m.dcm", mask_path=PurePath("/x/m.dcm"))
    segments = [replace(masked, segment=segment) for segment in ("1", "2")]
    assert [sample.name for sample in segments] == ["a.nii.gz#m.dcm#1", "a.nii.gz#m.dcm#2"]
    assert Cohort("c", (segments[0],)).digest != Cohort("c", (segments[1],)).digest


def test_lesion_only_when_every_sample_has_one() -> None:
    masked = replace(FIRST, mask="m.nii.gz", mask_path=PurePath("/x/m.nii.gz"))
    assert Cohort("c", (masked, SECOND)).region == "lesion"
    assert Cohort("c", (FIRST, SECOND)).region == "whole"
