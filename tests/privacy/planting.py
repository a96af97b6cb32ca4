"""Inputs with a canary in every text attribute: DICOM, NIfTI, pictures, archives, tables, paths, the user."""

import csv
import gzip
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary
from pydicom.sequence import Sequence as Items

from medidense.io import read_volume
from medidense.phantoms import PhantomOptions, write_cohort, write_fresh
from tests.privacy.canary import BORN, DIGITS, Canary

TEXTS = ("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
ALL_TEXTS = tuple(
    entry[4] for tag, entry in DicomDictionary.items() if entry[0] in TEXTS and tag >> 16 > 2 and entry[4]
)
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
OTHER_UIDS = (
    "InstanceCreatorUID",
    "StorageMediaFileSetUID",
    "DeviceUID",
    "SynchronizationFrameOfReferenceUID",
)
CODES = ("BodyPartExamined", "StudyStatusID", "InterpretationStatusID", "SmokingStatus", "ViewPosition")
DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
ROOT = f"1.2.826.0.1.3680043.8.498.{DIGITS}"


@dataclass(frozen=True)
class Planted:
    """Where the inputs lie: `cohort` of lesions, `pictures` of whole images, `fresh` scans with `lesions`.

    `broken` holds inputs that are refused, `bad` is a cohort with problems; `home` is the user's folder.
    """

    canary: Canary
    cohort: Path
    pictures: Path
    fresh: Path
    lesions: Path
    broken: Path
    bad: Path
    archive: Path
    home: Path
    login: str

    @property
    def places(self) -> dict[str, Path]:
        """What the arguments of a command line may name."""
        own = {key: value for key, value in vars(self).items() if isinstance(value, Path)}
        beside = {name: self.cohort.with_name(f"{name}.csv") for name in ("matched", "unsegmented")}
        own |= {"data": self.cohort.parent.parent, "images": self.cohort.parent / "images"}
        beside |= {name: self.pictures.with_name(f"{name}.csv") for name in ("joined", "elsewhere")}
        beside |= {"picture_folder": self.pictures.parent}
        return own | beside


def plant(root: Path, write_seg: Callable[..., Path], write_rtstruct: Callable[..., Path]) -> Planted:
    """Make all inputs below `root`, in a folder whose name is a word too."""
    canary = Canary()
    data = root / canary.word("folder of the data")
    data.mkdir()
    home = root / canary.word("home folder")
    home.mkdir()
    cohort = _cohort(canary, data, write_seg, write_rtstruct)
    fresh, lesions = _fresh(canary, data)
    archive = _archive(canary, data, fresh)
    return Planted(
        canary,
        cohort,
        _pictures(canary, data),
        fresh,
        lesions,
        _broken(canary, data, fresh),
        _bad(canary, cohort),
        archive,
        home,
        canary.word("login name").lower(),
    )


def mark_dicom(canary: Canary, path: Path, who: str, *, all_texts: bool) -> None:
    """Put words into a DICOM file's texts, codes, dates, UIDs, private elements, file meta and preamble."""
    found = dcmread(path)
    found.SpecificCharacterSet = "ISO_IR 192"
    wanted = ("PatientName", "PatientComments", "OtherPatientIDs", "InstitutionName", "StationName")
    wanted += ("StudyDescription", "SeriesDescription", "ProtocolName", "AccessionNumber", "StudyID")
    wanted += ("ReferringPhysicianName", "DeviceSerialNumber", "Manufacturer", "ManufacturerModelName")
    wanted += ("ImageComments", "PatientAddress")
    for keyword in ALL_TEXTS if all_texts else wanted:
        setattr(found, keyword, canary.word(f"DICOM {keyword}"))
    for keyword in CODES if all_texts else ():
        setattr(found, keyword, canary.word(f"DICOM {keyword}"))
    found.PatientID = canary.spy(f"{canary.word('DICOM PatientID')}-{who}")
    for keyword in DATES:
        setattr(found, keyword, BORN)
    for keyword in UIDS:
        if keyword in found:
            setattr(found, keyword, f"{ROOT}.{_number(str(found[keyword].value))}")
    for keyword in OTHER_UIDS:
        setattr(found, keyword, f"{ROOT}.7")
    private = found.private_block(0x0011, canary.word("DICOM private creator"), create=True)
    private.add_new(1, "LO", canary.word("DICOM private element"))
    private.add_new(2, "UN", canary.word("DICOM private element of unknown kind").encode() + b" ")
    inner = Dataset()
    inner.PatientName = canary.word("DICOM name in a sequence")
    found.ReferencedPatientPhotoSequence = Items([inner])
    meta = found.file_meta
    meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    meta.SourceApplicationEntityTitle = canary.word("DICOM file meta")
    meta.ImplementationVersionName = canary.word("DICOM file meta version")
    meta.PrivateInformationCreatorUID = f"{ROOT}.8"
    meta.PrivateInformation = canary.word("DICOM file meta private").encode() + b" "
    found.preamble = canary.word("DICOM preamble").encode().ljust(128, b"\0")
    found.save_as(path, enforce_file_format=True)


def _number(uid: str) -> int:
    """A short number for a UID, the same one each time."""
    return int.from_bytes(uid.encode(), "big") % 10**9


def mark_series(canary: Canary, folder: Path, who: str) -> None:
    """Mark every file of a series and give it another name; one file gets every text DICOM knows."""
    for number, path in enumerate(sorted(folder.iterdir())):
        mark_dicom(canary, path, who, all_texts=number == 0)
        path.rename(folder / f"{canary.word('name of a DICOM file')}-{path.name}")


def mark_nifti(canary: Canary, path: Path) -> None:
    """Put words into a NIfTI file's four texts, its extensions and its gzip header."""
    image = nibabel.load(path)
    header = image.header
    for key, most in (("descrip", 80), ("aux_file", 24), ("intent_name", 16), ("db_name", 18)):
        header[key] = canary.word(f"NIfTI {key}").encode()[:most]
    for code, name in ((4, "AFNI"), (6, "comment"), (44, "MRS")):
        text = canary.word(f"NIfTI extension {name}").encode()
        header.extensions.append(nibabel.nifti1.Nifti1Extension(code, text))
    plain = image.__class__(np.asanyarray(image.dataobj), image.affine, header).to_bytes()
    flags = 8 | 16  # a name and a comment
    packed = gzip.compress(plain, 1)
    name, comment = canary.word("gzip name"), canary.word("gzip comment")
    path.write_bytes(
        packed[:3] + bytes([flags]) + packed[4:10] + f"{name}\0{comment}\0".encode() + packed[10:]
    )


def mark_picture(canary: Canary, path: Path, array: np.ndarray) -> Path:
    """Write an 8-bit picture with words in every text its format has."""
    image = Image.fromarray(array)
    exif = image.getexif()
    for tag, name in ((270, "description"), (315, "artist"), (305, "software"), (33432, "copyright")):
        exif[tag] = canary.word(f"EXIF {name}")
    if path.suffix == ".png":
        texts = PngInfo()
        texts.add_text("Comment", canary.word("PNG tEXt"))
        texts.add_text("Author", canary.word("PNG zTXt"), zip=True)
        texts.add_itxt("Title", canary.word("PNG iTXt"), zip=True)
        image.save(path, pnginfo=texts, exif=exif)
    elif path.suffix == ".jpg":
        image.save(path, comment=canary.word("JPEG comment").encode(), exif=exif, quality=95)
    else:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        for tag, name in ((269, "document"), (270, "description"), (285, "page"), (305, "software")):
            tags[tag] = canary.word(f"TIFF {name}")
        for tag, name in ((306, "date"), (315, "artist"), (316, "host"), (33432, "copyright")):
            tags[tag] = canary.word(f"TIFF {name}")
        tags[700] = canary.word("TIFF XMP").encode()
        image.save(path, tiffinfo=tags)
    return path


def _cohort(
    canary: Canary, data: Path, write_seg: Callable[..., Path], write_rt: Callable[..., Path]
) -> Path:
    """Phantoms as DICOM and NIfTI; one lesion is a SEG, one a structure set."""
    folder = data / canary.word("folder of the cohort")
    table = write_cohort(folder, PhantomOptions(subjects=8, seed=3))
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    renamed = {
        row["image"]: f"images/{canary.word('name of an image')}-{Path(row['image']).name}" for row in rows
    }
    for old, new in renamed.items():
        (folder / old).rename(folder / new)
        if (folder / new).is_dir():
            mark_series(canary, folder / new, old)
        else:
            mark_nifti(canary, folder / new)
    told = [_row(canary, folder, row, renamed, number) for number, row in enumerate(rows)]
    for row, write in ((told[0], write_seg), (told[1], write_rt)):
        _as_dicom_mask(canary, folder, row, write)
    target = folder / "phantoms.csv"
    _write(target, told)
    table.unlink()
    return target


def _row(
    canary: Canary, folder: Path, row: dict[str, str], renamed: Mapping[str, str], number: int
) -> dict[str, str]:
    """The row with words in all its cells that may hold some."""
    told = {**row, "image": renamed[row["image"]]}
    told["subject_id"] = canary.spy(f"{canary.word('cell subject_id')}-{row['subject_id']}")
    told["lesion_id"] = f"{canary.word('cell lesion_id')}-{row['lesion_id']}"
    told["segment"], told["series_uid"] = "", ""
    if row["mask"]:
        told["mask"] = f"masks/{canary.word('name of a mask')}-{Path(row['mask']).name}"
        (folder / row["mask"]).rename(folder / told["mask"])
        mark_nifti(canary, folder / told["mask"])
    for column in ("site", "scanner", "sex"):
        told[column] = f"{canary.word(f'cell {column}')} {number % 2}"
    told["age"] = f"{40 + 3 * number}"
    told["smoker"] = f"{canary.word('cell of a covariate')} {number % 2}"
    told["notes"] = f"{canary.word('cell notes')}, seen by {canary.word('cell notes')}"
    return told


def _as_dicom_mask(canary: Canary, folder: Path, row: dict[str, str], write: Callable[..., Path]) -> None:
    """Give a row whose lesion is a point a DICOM mask in its place, with words in its labels and texts."""
    image = folder / row["image"]
    volume = read_volume(image)
    centre = np.linalg.inv(volume.affine) @ [*(float(row[key]) for key in ("x_mm", "y_mm", "z_mm")), 1.0]
    at = np.rint(centre[:3]).astype(int)
    label = f"{canary.word('label of a segment')}"
    target = folder / "masks" / f"{canary.word('name of a DICOM mask')}-{row['subject_id'][-3:]}.dcm"
    if "seg" in write.__qualname__:
        mask = np.zeros(volume.shape, np.uint8)
        mask[tuple(slice(n - 2, n + 3) for n in at)] = 1
        write(target, image, volume, {label: mask})
    else:
        square = np.array([[-3, -3], [3, -3], [3, 3], [-3, 3]])
        rings = [np.array([[*(at[:2] + corner), at[2] + k] for corner in square]) for k in (-1, 0, 1)]
        points = [ring @ volume.affine[:3, :3].T + volume.affine[:3, 3] for ring in rings]
        frame = str(dcmread(next(image.iterdir())).FrameOfReferenceUID)
        write(target, {label: points}, frame_uid=frame)
    _mark_mask(canary, target, image)
    row |= {"mask": f"masks/{target.name}", "segment": label}
    row |= dict.fromkeys(("x_mm", "y_mm", "z_mm", "diameter_mm", "frame"), "")


def _mark_mask(canary: Canary, path: Path, image: Path) -> None:
    """Words in the texts of a segmentation or structure set; what points at the image stays."""
    found, source = dcmread(path), dcmread(next(image.iterdir()))
    found.PatientID, found.PatientName = source.PatientID, canary.word("mask PatientName")
    found.ContentCreatorName = found.OperatorsName = canary.word("mask creator")
    found.StructureSetLabel = found.SeriesDescription = canary.word("mask description")
    found.save_as(path, enforce_file_format=True)


def _fresh(canary: Canary, data: Path) -> tuple[Path, Path]:
    """Two fresh series, their lesions listed."""
    folder = data / canary.word("folder of fresh scans")
    series, table = write_fresh(folder, count=2, seed=4)
    for path in sorted(series.iterdir()):
        mark_series(canary, path, path.name)
        path.rename(series / f"{canary.word('name of a fresh series')}-{path.name}")
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        name = Path(row["image"]).name
        row["image"] = f"series/{canary.word('name of a fresh series')}-{name}"
        row["lesion_id"] = canary.word("lesion_id of the list")
        row["smoker"], row["age"] = f"{canary.word('cell of a covariate')} 0", "50"
        row["series_uid"] = str(dcmread(next((folder / row["image"]).iterdir())).SeriesInstanceUID)
    rows.append(
        {**rows[0], "image": "", "series_uid": f"{ROOT}.404", "lesion_id": canary.word("unmatched lesion")}
    )
    _write(table, rows)
    return series, table


def _archive(canary: Canary, data: Path, fresh: Path) -> Path:
    """A ZIP archive of a series, with comments."""
    target = data / f"{canary.word('name of an archive')}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.comment = canary.word("comment of an archive").encode()
        for path in sorted(next(iter(sorted(fresh.iterdir()))).iterdir()):
            member = zipfile.ZipInfo(
                f"{canary.word('folder in an archive')}/{canary.word('name of a member')}{path.name}"
            )
            member.comment = canary.word("comment of a member").encode()
            archive.writestr(member, path.read_bytes())
    return target


def _broken(canary: Canary, data: Path, fresh: Path) -> Path:
    """What is refused: a series with a gap and two patients, a cut NIfTI, a text, a picture that is none."""
    folder = data / canary.word("folder of refused files")
    folder.mkdir()
    for word, change in (("gap", lambda number: number == 5), ("patients", lambda number: False)):
        target = folder / f"{canary.word('name of a refused series')}-{word}"
        target.mkdir()
        for number, path in enumerate(sorted(next(iter(sorted(fresh.iterdir()))).iterdir())):
            found = dcmread(path)
            if word == "patients":
                found.PatientID = canary.word("another PatientID") if number % 2 else found.PatientID
                found.SeriesInstanceUID = f"{ROOT}.55"
            else:
                found.SeriesInstanceUID = f"{ROOT}.56"
            if not change(number):
                found.save_as(target / path.name)
    name = canary.word("name of a refused file")
    (folder / f"{name}.nii.gz").write_bytes(
        b"\x1f\x8b\x08" + canary.word("content of a refused file").encode()
    )
    (folder / f"{name}.png").write_bytes(canary.word("content of a refused file").encode())
    (folder / f"{name}.txt").write_text(canary.word("content of a refused file"))
    return folder


def _bad(canary: Canary, cohort: Path) -> Path:
    """The cohort with a problem of each kind that speaks of a cell; beside it one with a wrong segment."""
    with cohort.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    _write(
        cohort.with_name("unsegmented.csv"), [row | {"segment": row["segment"] and "none"} for row in rows]
    )
    rows[0]["image"] += canary.word("path that is not there")
    rows[2]["subject_id"] = rows[1]["subject_id"]
    rows[3]["label"] = " Benign"
    target = cohort.with_name("bad.csv")
    _write(target, rows)
    return target


def _pictures(canary: Canary, data: Path) -> Path:
    """A cohort of whole pictures of three formats, bright or dark squares; beside it one of another place, to
    which a training picture has strayed."""
    folder = data / canary.word("folder of pictures")
    folder.mkdir()
    random = np.random.default_rng(0)
    rows, last = [], np.zeros((48, 48), np.uint8)
    for number in range(20):
        array = random.integers(0, 60, (48, 48), dtype=np.uint8)
        array[12:36, 12:36] += np.uint8(120 * (number % 2))
        if number == 11:
            array = last + np.uint8(1)  # of the other site, so that it is a near copy in a test part
        last = array if number == 5 else last
        suffix = (".png", ".jpg", ".tif")[number % 3]
        path = folder / f"{canary.word('name of a picture')}-{number}{suffix}"
        mark_picture(canary, path, array)
        who = canary.spy(f"{canary.word('cell subject_id')}-P{number}")
        site = f"{canary.word('cell site')} {number // 6}"
        label = ("dark", "light")[number % 2]
        rows.append({"subject_id": who, "image": path.name, "label": label, "site": site})
    target = folder / "pictures.csv"
    _write(target, rows[:12])
    _write(target.with_name("elsewhere.csv"), rows[11:])
    return target


def _write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """A table of rows, the columns of the first one (others where it lacks them)."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
