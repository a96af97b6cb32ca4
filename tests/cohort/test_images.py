"""Every image is opened with its lesion; what is refused is told with its row."""

from pathlib import Path, PurePath

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from medidense.cohort import check_images, read_cohort
from medidense.cohort.images import problem_at_row
from medidense.errors import CohortError
from medidense.io import read_volume, write_series
from medidense.values import Refusal, Sample, Source, Volume

LAS = np.diag([-2.0, 0.5, 3.0, 1.0])
HEADER = "subject_id,image,label,mask,x_mm,y_mm,z_mm,diameter_mm,frame,spacing\n"


def save(path: Path, array: np.ndarray, affine: np.ndarray = LAS) -> str:
    path.parent.mkdir(exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path.name


@pytest.fixture
def checked(tmp_path):
    """Check the images of rows; `heard` holds what the progress was told."""

    def check(*rows: str, header: str = HEADER, heard: list[int] | None = None):
        (tmp_path / "study.csv").write_text(header + "\n".join(rows) + "\n")
        listener = (lambda done: None) if heard is None else heard.append
        return check_images(read_cohort(tmp_path / "study.csv"), listener)

    return check


def test_facts_along_ras_axes(checked, tmp_path, lump):
    array = lump().transpose(2, 0, 1).copy()
    save(tmp_path / "a.nii", array, np.array([[0, 0, 2.0, 0], [0.5, 0, 0, 0], [0, 3.0, 0, 0], [0, 0, 0, 1]]))
    mask = (array > 0).astype(np.uint8)
    save(tmp_path / "m.nii", mask, nib.load(tmp_path / "a.nii").affine)
    save(tmp_path / "b.nii", lump(seed=1))
    heard: list[int] = []
    first, second, third = checked(
        "1,a.nii,x,m.nii,,,,,,", "1,a.nii,y,,4,2,30,6,RAS,", "2,b.nii,y,,-10,4,15,6,RAS,", heard=heard
    )
    assert first.shape == (20, 10, 24)
    assert first.spacing_mm == (2.0, 0.5, 3.0)
    assert np.allclose(first.extent_mm, [7 * 2.0, 7 * 0.5, 7 * 3.0])
    assert second.extent_mm == (6.0, 6.0, 6.0)
    assert (first.minimum, first.maximum) == (float(array.min()), 40.0)
    assert first.p50 == np.percentile(array, 50)
    assert first.mean == pytest.approx(array.mean())
    assert (first.dims, first.kind, first.modality, first.spacing_known) == (3, "nifti", None, True)
    assert first.patient_key == ""
    assert not first.two_valued
    assert third.sample == "b.nii#-10,4,15"
    assert heard == [2, 3]


def test_an_image_is_read_once(checked, tmp_path, lump, monkeypatch):
    save(tmp_path / "a.nii", lump())
    save(tmp_path / "b.nii", lump())
    opened: list[str] = []

    def counted(path: Path, *, series_uid: str = "") -> Volume:
        opened.append(path.name)
        return read_volume(path, series_uid=series_uid)

    monkeypatch.setattr("medidense.cohort.images.read_volume", counted)
    checked("1,a.nii,x,,-10,4,15,6,RAS,", "2,b.nii,y,,-10,4,15,6,RAS,", "1,a.nii,y,,-12,4,15,6,RAS,")
    assert opened == ["a.nii", "b.nii"]


def test_every_refusal_has_its_row(checked, tmp_path, lump):
    save(tmp_path / "good.nii", lump())
    save(tmp_path / "flat.nii", np.full((4, 4, 4), 7, dtype=np.int16))
    save(tmp_path / "off.nii", np.ones((5, 5, 5), dtype=np.uint8))
    (tmp_path / "broken.nii").write_bytes(b"\x5c\x01\x00\x00 and no more")
    with pytest.raises(CohortError) as caught:
        checked(
            "1,good.nii,x,,-10,4,15,6,RAS,",
            "2,broken.nii,y,,1,1,1,6,RAS,",
            "3,flat.nii,x,,0,0,0,6,RAS,",
            "1,good.nii,y,,500,4,15,6,RAS,",
            "1,good.nii,y,off.nii,,,,,,",
        )
    lines = caught.value.lines
    assert [line.split(": ")[:3] for line in lines] == [
        ["study row 3", "image 'broken.nii'", lines[0].split(": ")[2]],
        ["study row 4", "image 'flat.nii'", "CONSTANT"],
        ["study row 5", "image 'good.nii'", "OUTSIDE"],
        ["study row 6", lines[3].split(": ")[1], "GRID"],
    ]
    assert lines[1] == (
        "study row 4: image 'flat.nii': CONSTANT: all voxels are equal; "
        "found 7 everywhere, expected an image; drop the row, or export the image again"
    )


def test_a_refused_segment_is_told_of_the_mask(checked, tmp_path, lump):
    save(tmp_path / "a.nii", lump())
    save(tmp_path / "m.nii", (lump() > 0).astype(np.uint8))
    header = "subject_id,image,label,mask,segment\n"
    with pytest.raises(CohortError, match=r"study row 3: mask 'm.nii': CONFLICT: .* expected a segment '2'"):
        checked("1,a.nii,x,m.nii,", "1,a.nii,y,m.nii,2", header=header)


def test_the_place_in_a_mask_is_part_of_the_mask():
    sample = Sample(2, "1", "a.nii.gz", PurePath("/d/a.nii.gz"), mask="a.nii", mask_path=PurePath("/d/a.nii"))
    for where, cell in (("/d/a.nii", "mask"), ("/d/a.nii frame 3", "mask"), ("/d/a.nii.gz", "image")):
        problem = problem_at_row("c", sample, Refusal("CORRUPT", where, "a", "b", "c"))
        assert problem.rule.startswith(f"{cell} ")


def test_colour_is_refused_by_its_row(checked, tmp_path):
    Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(tmp_path / "p.png")
    Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5)).save(tmp_path / "q.png")
    with pytest.raises(CohortError) as caught:
        checked("1,p.png,x,,,,,,,", "2,q.png,y,,,,,,,")
    (line,) = caught.value.lines
    assert line.startswith("study row 2: image 'p.png': COLOUR: ")
    assert "found 3 channels, expected one channel; save the images as grey" in line


def test_one_patient_under_two_subjects(checked, tmp_path, lump):
    source = Source("dicom", "CT")
    for number, patient in enumerate(("anna", "bert", "anna", "anna")):
        volume = Volume(lump(seed=number), np.diag([-1.0, -1.0, 2.0, 1.0]), source)
        write_series(volume, tmp_path / f"s{number}", patient=patient, seed=number)
    rows = "1,s0,x", "2,s1,y", "3,s2,x", "3,s3,x"
    with pytest.raises(CohortError) as caught:
        checked(*rows, header="subject_id,image,label\n")
    assert caught.value.lines == (
        "study row 4: one DICOM PatientID under two subject_ids: row 2 has another one; "
        "one patient has one subject_id; where an anonymiser gave one ID to all, export them again",
    )
    assert "anna" not in str(caught.value)
    facts = checked("1,s0,x", "2,s1,y", "1,s2,x", header="subject_id,image,label\n")
    assert [fact.modality for fact in facts] == ["CT"] * 3
    assert facts[0].patient_key == facts[2].patient_key != facts[1].patient_key


def test_series_of_one_folder(checked, tmp_path, lump):
    uids = []
    for number in range(2):
        volume = Volume(lump(seed=number), np.diag([-1.0, -1.0, 2.0, 1.0]), Source("dicom", "CT"))
        uids.append(
            write_series(volume, tmp_path / f"study/{number}", patient="carl", seed=number).series_uid
        )
    rows = f"1,study,x,{uids[0]}", f"1,study,y,{uids[1]}"
    facts = checked(*rows, header="subject_id,image,label,series_uid\n")
    assert [fact.minimum for fact in facts] == [float(lump(seed=number).min()) for number in range(2)]
    with pytest.raises(CohortError, match="study row 2: image 'study': SEVERAL_SERIES"):
        checked("1,study,x", "2,study/0,y", header="subject_id,image,label\n")


def test_pictures_and_unknown_spacing_count_voxels(checked, tmp_path, lump):
    picture = np.zeros((30, 40), dtype=np.uint8)
    picture[10:20, 5:25] = 255
    Image.fromarray(picture).save(tmp_path / "p.png")
    save(tmp_path / "a.nii", lump())
    save(tmp_path / "m.nii", (lump() > 0).astype(np.uint8))
    shape, volume = checked("1,p.png,x,p.png,,,,,,", "2,a.nii,y,m.nii,,,,,,unknown")
    assert (shape.shape, shape.dims, shape.kind, shape.two_valued) == ((40, 30, 1), 2, "picture", True)
    assert shape.extent_mm == (20.0, 10.0, 1.0)
    assert not shape.spacing_known
    assert volume.spacing_mm == (1.0, 1.0, 1.0)
    assert np.allclose(volume.extent_mm, (7.0, 7.0, 7.0))
    assert not volume.spacing_known


def test_lung_is_looked_for_near_the_lesion(checked, tmp_path):
    array = np.full((60, 60, 20), -100, dtype=np.int16)
    array[:20] = -820
    array[:, :, 0] += 1
    save(tmp_path / "a.nii", array, np.diag([1.0, 1.0, 2.0, 1.0]))
    save(tmp_path / "b.nii", array, np.diag([1.0, 1.0, 2.0, 1.0]))
    near, far, whole = (
        checked(f"1,a.nii,x,{row}", f"2,b.nii,y,{row}")[0].lung
        for row in (",10,30,20,6,RAS,", ",45,30,20,6,RAS,", ",,,,,,")
    )
    assert near > 0.6
    assert far == 0.0
    assert whole == pytest.approx(1 / 3, abs=0.02)
