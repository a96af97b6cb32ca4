"""Small inputs that the reading tests damage in one way each."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from medidense.io import write_series
from medidense.values import Refused, Source, Volume

Edit = Callable[[Dataset, int], None]


def code_of(action: Callable[[], object]) -> str:
    """The refusal code that `action` ends in; "" where it ends well."""
    try:
        action()
    except Refused as refused:
        return refused.refusal.code
    return ""


@pytest.fixture(name="code_of")
def _code_of() -> Callable[[Callable[[], object]], str]:
    return code_of


@pytest.fixture
def ct() -> Volume:
    """A CT of 5 x 4 x 3 voxels, no two values equal, anisotropic, stored LPS."""
    array = (np.arange(60, dtype=np.int16) * 17 - 1000).reshape(5, 4, 3)
    affine = np.diag([-0.5, -0.75, 2.0, 1.0])
    affine[:3, 3] = [11.0, -7.0, 100.0]
    return Volume(array, affine, Source("dicom", "CT"))


@pytest.fixture
def series(ct: Volume, tmp_path: Path) -> Path:
    """The CT as a DICOM folder."""
    write_series(ct, tmp_path / "series", patient="invented", seed=1)
    return tmp_path / "series"


@pytest.fixture
def edit() -> Callable[[Path, Edit], Path]:
    """Change every file of a folder, the slices numbered from the lowest, and return the folder."""

    def change(folder: Path, one: Edit) -> Path:
        files = sorted(folder.iterdir(), key=lambda path: float(dcmread(path).ImagePositionPatient[2]))
        for number, path in enumerate(files):
            found = dcmread(path)
            one(found, number)
            found.save_as(path)
        return folder

    return change


@pytest.fixture(scope="session")
def write_seg() -> Callable[..., Path]:
    """Write masks (i, j, k) by label as a segmentation of highdicom's, on the grid of `volume`.

    `volume` may be a turned twin of what `series` holds; `change` edits the data set before it is saved.
    """

    def write(
        target: Path,
        series: Path,
        volume: Volume,
        masks: Mapping[str, np.ndarray],
        *,
        kind: str = "BINARY",
        syntax: str = ExplicitVRLittleEndian,
        change: Callable[[Dataset], object] = lambda found: None,
    ) -> Path:
        import highdicom

        sources = [dcmread(path) for path in sorted(series.iterdir())]
        lesion = Code("52988006", "SCT", "Lesion")
        described = [
            highdicom.seg.SegmentDescription(number, label, lesion, lesion, "MANUAL")
            for number, label in enumerate(masks, start=1)
        ]
        if kind == "FRACTIONAL":
            (array,) = masks.values()
        else:
            array = sum(number * mask for number, mask in enumerate(masks.values(), start=1)).astype(np.uint8)
        made = highdicom.seg.Segmentation(
            source_images=sources,
            pixel_array=highdicom.Volume(
                np.ascontiguousarray(array.transpose(2, 1, 0)),
                np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine[:, [2, 1, 0, 3]],
                "PATIENT",
                frame_of_reference_uid=sources[0].FrameOfReferenceUID,
            ),
            segmentation_type=kind,
            segment_descriptions=described,
            series_instance_uid=generate_uid(),
            series_number=2,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="m",
            manufacturer_model_name="m",
            software_versions="1",
            device_serial_number="1",
            transfer_syntax_uid=syntax,
        )
        change(made)
        made.save_as(target)
        return target

    return write


@pytest.fixture(scope="session")
def write_rtstruct() -> Callable[..., Path]:
    """Write regions, by name, of contours in RAS millimetres as a structure set."""

    def write(
        target: Path,
        regions: Mapping[str, Sequence[np.ndarray]],
        *,
        frame_uid: str = "",
        kind: str = "CLOSED_PLANAR",
        change: Callable[[Dataset], object] = lambda found: None,
    ) -> Path:
        found = Dataset()
        found.file_meta = FileMetaDataset()
        found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        found.SOPClassUID, found.SOPInstanceUID = RTStructureSetStorage, generate_uid()
        found.Modality = "RTSTRUCT"
        found.StructureSetROISequence, found.ROIContourSequence = [], []
        for number, (name, contours) in enumerate(regions.items(), start=1):
            roi, region = Dataset(), Dataset()
            roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame_uid
            region.ReferencedROINumber, region.ContourSequence = number, []
            for points in contours:
                contour = Dataset()
                contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
                flat = (np.asarray(points) * [-1, -1, 1]).ravel()
                contour.ContourData = [f"{number:.10g}" for number in flat]
                region.ContourSequence.append(contour)
            found.StructureSetROISequence.append(roi)
            found.ROIContourSequence.append(region)
        change(found)
        found.save_as(target, enforce_file_format=True)
        return target

    return write


@pytest.fixture(scope="session")
def outlined() -> Callable[[Volume, np.ndarray], list[np.ndarray]]:
    """A mask as rectangles around its voxels, in RAS millimetres, four corners each."""

    def outline(volume: Volume, mask: np.ndarray) -> list[np.ndarray]:
        corners = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
        return [
            (corners + voxel) @ volume.affine[:3, :3].T + volume.affine[:3, 3] for voxel in np.argwhere(mask)
        ]

    return outline
