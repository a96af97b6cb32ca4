import csv
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pydicom
import pytest

import medidense
from medidense.io import dicom
from medidense.values import Source

OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = np.array([[0.6, 0.48, 0.64], [0.0, 0.8, -0.6], [-0.8, 0.36, 0.48]]) * (1.0, 0.75, 2.5)
OBLIQUE[:3, 3] = (-40.0, 25.0, 310.0)


@pytest.fixture(scope="module")
def boxes_story(story: Any) -> ModuleType:
    return story("points_from_boxes")


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A DICOM series of five slices with oblique axes and pixels of 1.0 by 0.75 mm."""
    array = np.arange(20 * 16 * 5, dtype=np.int16).reshape(20, 16, 5)
    volume = medidense.Volume(array, OBLIQUE, Source("dicom", modality="CT"))
    dicom.write_series(volume, tmp_path / "scans" / "a", patient="P", seed=0)
    (tmp_path / "scans" / "notes.txt").write_text("no image")
    return tmp_path / "scans"


def _boxes(scans: Path, target: Path, boxes: list[tuple[int, int, int, int]]) -> Path:
    """One box on each slice, in the order of the positions."""
    headers = [pydicom.dcmread(path) for path in (scans / "a").iterdir()]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    with target.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["series_uid", "sop_uid", "kind", "xmin", "ymin", "xmax", "ymax"])
        for header, box in zip(headers, boxes, strict=False):
            writer.writerow([header.SeriesInstanceUID, header.SOPInstanceUID, "A", *box])
        writer.writerow(["1.2.3", "1.2.3.4", "B", 1, 1, 2, 2])
    return target


def test_corners_lie_where_the_reader_puts_those_pixels(boxes_story: ModuleType, series: Path) -> None:
    volume = medidense.read_volume(series / "a")
    values = np.asarray(volume.array)
    box = {"xmin": "3", "ymin": "2", "xmax": "11", "ymax": "7"}
    for header in boxes_story.headers(series).values():
        pixels = pydicom.dcmread(
            next(p for p in (series / "a").iterdir() if header.SOPInstanceUID in _uid(p))
        )
        frame = pixels.pixel_array * int(pixels.get("RescaleSlope", 1)) + int(
            pixels.get("RescaleIntercept", 0)
        )
        for (x, y), corner in zip([(3, 2), (11, 7)], boxes_story.corners_mm(box, header), strict=True):
            index = tuple(np.rint(volume.index_of(tuple(corner))).astype(int))
            np.testing.assert_allclose(volume.index_of(tuple(corner)), index, atol=1e-3)
            assert values[index] == frame[y, x]


def _uid(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def test_one_point_for_all_boxes_of_a_lesion(boxes_story: ModuleType, series: Path, tmp_path: Path) -> None:
    boxes = _boxes(series, tmp_path / "boxes.csv", [(4, 4, 8, 8), (2, 4, 10, 8), (4, 4, 8, 8)])
    points = boxes_story.main(series, boxes, tmp_path / "points.csv", label="kind")
    assert len(points) == 1
    assert (points[0]["label"], points[0]["frame"], points[0]["lesion_id"]) == ("A", "RAS", "L1")
    volume = medidense.read_volume(series / "a")
    first, last = (volume.point_of(np.array([*pixel, k])) for pixel, k in (((2, 4), 0), ((10, 8), 2)))
    wanted = (np.array(first) + np.array(last)) / 2
    found = np.array([float(points[0][name]) for name in ("x_mm", "y_mm", "z_mm")])
    np.testing.assert_allclose(found, wanted, atol=0.01)
    assert float(points[0]["diameter_mm"]) == pytest.approx(8.0, abs=0.01)
    with (tmp_path / "points.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == points


def test_an_axial_box_in_millimetres(boxes_story: ModuleType) -> None:
    header = pydicom.Dataset()
    header.ImagePositionPatient = [-100, -50, 30]
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.PixelSpacing = [0.5, 2.0]
    box = {"xmin": "10", "ymin": "20", "xmax": "15", "ymax": "40"}
    found = boxes_story.corners_mm(box, header)
    np.testing.assert_allclose(found, [[80, 40, 30], [70, 30, 30]])
