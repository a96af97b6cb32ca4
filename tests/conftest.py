"""Fixtures that every room's tests may use."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from medidense import durable
from medidense.values import Volume

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads must not spin beside other tests
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background starts with it ignored
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def states_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Verdicts of benchmarks that tests run are no verdicts of the user's."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the checkout (or where MEDIDENSE_DATA says); without it the test is skipped."""
    folder = Path(os.environ.get("MEDIDENSE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"the shared data are not at {folder}; set MEDIDENSE_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def cifar10_data(shared_data: Path) -> Path:
    """CIFAR-10's official files: where MEDIDENSE_CIFAR10 says, else made once into the user's cache.

    Made from a registry package by the shared data's own script; where that cannot be, tests are skipped.
    """
    given = os.environ.get("MEDIDENSE_CIFAR10")
    if given:
        return Path(given)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "medidense-tests" / "cifar10"
    script = shared_data / "cifar10" / "rebuild.py"
    if not script.is_file():
        pytest.skip(f"{script} is not there; set MEDIDENSE_CIFAR10 to a copy of CIFAR-10")
    with durable.locked(folder.parent, name=".cifar10.lock", wait_s=600):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
                command = [sys.executable, str(script), f"{draft}/made", "--python-batches"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    reason = (done.stderr.strip().splitlines() or ["no reason"])[-1]
                    pytest.skip(f"CIFAR-10 could not be made ({reason}); set MEDIDENSE_CIFAR10 to a copy")
                Path(draft, "made").rename(folder)
    return folder


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
