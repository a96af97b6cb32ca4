import base64
import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import medidense.package.requests as requests
from medidense.errors import UsageError
from medidense.io import read_region, read_volume, write_nifti, write_series
from medidense.package import (
    Package,
    answer_columns,
    answer_rows,
    load_package,
    request_columns,
    served_folder,
)
from medidense.values import Marker, Prediction, Source, Volume
from medidense.values.covariates import CategoricalCovariate, CovariateEncoding, NumericCovariate

POINT = {"x_mm": 23.5, "y_mm": 23.5, "z_mm": 7.5, "diameter_mm": 12.0, "frame": "RAS"}
MARKER = Marker((23.5, 23.5, 7.5), 12.0)
OUTSIDE = "outside the folder that is served"


@pytest.fixture
def package(written: Path) -> Package:
    return load_package(written)


@pytest.fixture
def root(tmp_path: Path, scan: Volume) -> Path:
    """A folder to serve: a DICOM series, a mask beside it; and a scan outside of it."""
    root = tmp_path / "served"
    write_series(scan, root / "case" / "CT", patient="P", seed=1)
    inside = np.zeros(scan.shape, np.uint8)
    inside[18:30, 18:30, 2:4] = 1
    write_nifti(Volume(inside.astype(np.int16), scan.affine, Source("nifti")), root / "case" / "mask.nii.gz")
    write_nifti(scan, tmp_path / "outside.nii.gz")
    return root.resolve()


def zipped(folder: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{path.stem}.dcm")
    return stream.getvalue()


def scores(answer: Mapping[str, object]) -> dict[str, object]:
    return {name: answer[f"score_{name}"] for name in ("benign", "malignant")}


def expected(package: Package, root: Path) -> Prediction:
    volume = read_volume(root / "case" / "CT")
    return package.predict(volume, read_region(volume, marker=MARKER))


def test_a_path_bytes_and_base64_have_the_score_of_the_package_to_the_last_bit(
    package: Package, root: Path
) -> None:
    content = zipped(root / "case" / "CT")
    rows = [
        {"image": "case/CT", "lesion_id": "a", **POINT},
        {"image": str(root / "case" / "CT"), "dicom": None, **POINT},
        {"dicom": content, **POINT},
        {"dicom": base64.encodebytes(content).decode(), "image": "", **POINT},
        {"image": "case/CT", **POINT, "x_mm": -23.5, "y_mm": -23.5, "frame": "LPS"},
    ]
    answers = answer_rows(package, rows, root)
    wanted = expected(package, root)
    for answer in answers:
        assert scores(answer) == dict(wanted.scores)
        assert (answer["decision"], answer["refused"], answer["reason"]) == (wanted.decision, "", "")
        assert list(answer) == list(answer_columns(package.manifest))
    assert [answer["lesion_id"] for answer in answers] == ["a", "", "", "", ""]


def test_a_mask_by_path_or_by_bytes_wins_over_a_point(package: Package, root: Path) -> None:
    volume = read_volume(root / "case" / "CT")
    wanted = package.predict(volume, read_region(volume, mask_path=root / "case" / "mask.nii.gz"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.write(root / "case" / "mask.nii.gz", "mask.nii.gz")
    far = POINT | {"x_mm": 9.0, "y_mm": 9.0}
    rows = [
        {"image": "case/CT", "mask": "case/mask.nii.gz", **far},
        {"image": "case/CT", "mask_dicom": stream.getvalue()},
    ]
    for answer in answer_rows(package, rows, root):
        assert scores(answer) == dict(wanted.scores), answer["reason"]


BAD: dict[str, tuple[dict[str, object], str, str]] = {
    "no lesion": ({"image": "case/CT"}, "NO_REGION", "no lesion"),
    "no image": (dict(POINT), "BAD_ROW", "neither image nor dicom"),
    "two images": ({"image": "case/CT", "dicom": b"x", **POINT}, "BAD_ROW", "both image and dicom"),
    "two masks": ({"image": "case/CT", "mask": "case/CT", "mask_dicom": b"x"}, "BAD_ROW", "both mask and"),
    "half a point": ({"image": "case/CT", **POINT, "z_mm": None}, "BAD_ROW", "z_mm is empty"),
    "no frame": ({"image": "case/CT", **POINT, "frame": ""}, "BAD_ROW", "needs a frame"),
    "a segment alone": ({"image": "case/CT", "segment": 1.0}, "BAD_ROW", "a segment needs a mask"),
    "infinite": ({"image": "case/CT", **POINT, "x_mm": float("inf")}, "BAD_ROW", "no number of millimetres"),
    "a list": ({"image": ["case/CT"], **POINT}, "BAD_ROW", "found list"),
    "bytes as a path": ({"image": b"case/CT", **POINT}, "BAD_ROW", "found bytes"),
    "no base64": ({"dicom": "%%%", **POINT}, "BAD_ROW", "no base64"),
    "no bytes": ({"dicom": 7, **POINT}, "BAD_ROW", "found int"),
    "no DICOM": ({"dicom": b"x" * 300, **POINT}, "NOT_DICOM", "(dicom)"),
    "parent": ({"image": "../outside.nii.gz", **POINT}, "NO_ACCESS", OUTSIDE),
    "parent that is not there": ({"image": "../nothing", **POINT}, "NO_ACCESS", OUTSIDE),
    "absolute": ({"image": "/etc/passwd", **POINT}, "NO_ACCESS", OUTSIDE),
    "through a folder": ({"image": "case/../../outside.nii.gz", **POINT}, "NO_ACCESS", OUTSIDE),
    "a link": ({"image": "link.nii.gz", **POINT}, "NO_ACCESS", OUTSIDE),
    "a linked folder": ({"image": "up/outside.nii.gz", **POINT}, "NO_ACCESS", OUTSIDE),
    "a mask outside": ({"image": "case/CT", "mask": "../outside.nii.gz"}, "NO_ACCESS", OUTSIDE),
    "a null": ({"image": "case\0/CT", **POINT}, "NO_ACCESS", OUTSIDE),
    "too long a name": ({"image": "x" * 5000, **POINT}, "NO_ACCESS", OUTSIDE),
    "nothing there": ({"image": "case/nothing", **POINT}, "NO_ACCESS", "or to nothing"),
    "outside the image": ({"image": "case/CT", **POINT, "x_mm": 900}, "OUTSIDE", "(lesion)"),
}


def test_a_bad_row_says_why_and_stops_no_other(package: Package, root: Path, tmp_path: Path) -> None:
    (root / "link.nii.gz").symlink_to(tmp_path / "outside.nii.gz")
    (root / "up").symlink_to(tmp_path)
    good = {"image": "case/CT", **POINT}
    rows = [row for bad, _, _ in BAD.values() for row in (bad, good)]
    answers = answer_rows(package, rows, root)
    wanted = dict(expected(package, root).scores)
    for name, answer, after in zip(BAD, answers[::2], answers[1::2], strict=True):
        _, code, words = BAD[name]
        assert answer["refused"] == code, name
        assert words in str(answer["reason"]), name
        assert str(tmp_path) not in str(answer["reason"]), name
        assert "/tmp" not in str(answer["reason"]), name
        assert answer["score_malignant"] is None, name
        assert answer["decision"] == "", name
        assert scores(after) == wanted, name
    json.dumps(answers, allow_nan=False)


def test_what_is_outside_is_refused_in_the_same_words_whether_it_is_there_or_not(
    package: Package, root: Path
) -> None:
    rows = [{"image": "../outside.nii.gz", **POINT}, {"image": "../outsidX.nii.gz", **POINT}]
    there, gone = answer_rows(package, rows, root)
    assert str(there["reason"]).replace("outside.nii", "outsidX.nii") == gone["reason"]


@pytest.mark.parametrize("given", [".", "case/..", "case"])
def test_a_refusal_of_the_served_folder_does_not_say_where_it_lies(
    package: Package, tmp_path: Path, given: str
) -> None:
    root = tmp_path.resolve() / "hospital-7"
    (root / "case").mkdir(parents=True)
    (answer,) = answer_rows(package, [{"image": given, **POINT}], root)
    assert answer["refused"] == "EMPTY"
    assert str(root.parent) not in str(answer["reason"])
    assert "hospital-7" not in str(answer["reason"])


def test_without_a_folder_no_path_is_followed(package: Package, root: Path) -> None:
    (answer,) = answer_rows(package, [{"image": str(root / "case" / "CT"), **POINT}], None)
    assert answer["refused"] == "NO_ACCESS"
    assert "MEDIDENSE_SERVE_ROOT" in str(answer["reason"])


def test_bytes_beyond_the_limit_are_refused_before_they_are_decoded(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "LIMITS", replace(requests.LIMITS, decoded_bytes=1000))
    monkeypatch.setattr(requests.base64, "b64decode", lambda *_, **__: pytest.fail("decoded"))
    rows = [{"dicom": b"x" * 1001, **POINT}, {"dicom": "A" * 1340, **POINT}]
    assert [answer["refused"] for answer in answer_rows(package, rows, None)] == ["BOMB", "BOMB"]


def test_the_lesions_of_one_image_read_it_once_and_no_file_is_left(
    package: Package, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    plain = requests.read_input

    def counted(*given: object, **named: object) -> Volume:
        read.append(given)
        return plain(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(requests, "read_input", counted)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    content = zipped(root / "case" / "CT")
    rows = [{"dicom": content, **POINT}, {"dicom": content, **POINT}, {"image": "case/CT", **POINT}]
    assert [answer["refused"] for answer in answer_rows(package, rows, root)] == ["", "", ""]
    assert len(read) == 2
    assert list(place.iterdir()) == []


def test_an_error_of_ours_is_a_row_and_tells_no_words(
    package: Package, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Volume:
        raise ValueError("DOE^JOHN")

    monkeypatch.setattr(requests, "read_region", broken)
    (answer,) = answer_rows(package, [{"image": "case/CT", **POINT}], root)
    assert answer["refused"] == "INTERNAL"
    assert "DOE" not in str(answer["reason"])


def test_the_columns_are_those_of_the_package(package: Package) -> None:
    assert list(answer_columns(package.manifest)) == [
        "lesion_id",
        "score_benign",
        "score_malignant",
        "decision",
        "refused",
        "reason",
    ]
    encoding = CovariateEncoding(
        covariates=(
            NumericCovariate(column="age", mean=50, sd=10, low=20, high=90),
            CategoricalCovariate(column="sex", levels=("F", "M")),
        )
    )
    columns = request_columns(package.manifest.model_copy(update={"covariates": (encoding,)}))
    assert (columns["age"], columns["sex"], columns["x_mm"]) == ("number", "text", "number")
    whole = request_columns(package.manifest.model_copy(update={"region": "whole"}))
    assert list(whole) == ["image", "dicom", "series_uid", "lesion_id"]


def test_a_folder_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    assert served_folder("") is None
    assert served_folder(str(tmp_path / "x" / "..")) == tmp_path.resolve()
    with pytest.raises(UsageError, match="is not a folder"):
        served_folder(str(tmp_path / "nothing"))
