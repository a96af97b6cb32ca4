"""Which bad inputs are there, and how must each one end? The 96 rows of the reading contract, in order."""

import numpy as np

from tests.io.bad_inputs import archives, nifti_files, pictures, truth
from tests.io.bad_inputs.cases import WHOLE, holding, let, of, picture, read, refuse, row, values_alone
from tests.io.bad_inputs.nifti_files import NAN, stating
from tests.io.bad_inputs.table_dicom import FILES, GEOMETRY, LIMIT_VOXELS, TOGETHER, VALUES

UP, ROOT, UP_BACKWARDS, DRIVE = archives.ESCAPES
NO_FORM = {"sform_code": 0, "qform_code": 0}
FILLED = np.nan_to_num(nifti_files.with_nan(truth.VALUES), nan=0.0)

ARCHIVES = (
    row(63, "zip-series", read(archives.good, WHOLE)),
    row(
        64,
        "zip-parent-path",
        refuse("BAD_ARCHIVE", of(archives.escaping, UP), "evil.dcm", name="slashes"),
        refuse("BAD_ARCHIVE", of(archives.escaping, UP_BACKWARDS), "evil.dcm", name="backslashes"),
    ),
    row(
        65,
        "zip-absolute-path",
        refuse("BAD_ARCHIVE", of(archives.escaping, ROOT), "tmp_evil", name="root"),
        refuse("BAD_ARCHIVE", of(archives.escaping, DRIVE), "tmp_evil", name="drive"),
    ),
    row(66, "zip-link", refuse("BAD_ARCHIVE", archives.link, "link")),
    row(
        67,
        "zip-without-images",
        refuse("EMPTY", archives.empty, name="no member"),
        refuse("EMPTY NOT_DICOM", archives.only_text, name="text"),
    ),
    row(68, "zip-bomb", refuse("BOMB", archives.bomb, "200", megabytes=250)),
    row(
        69,
        "zip-broken",
        refuse("BAD_ARCHIVE", archives.cut, name="cut"),
        refuse("BAD_ARCHIVE", archives.encrypted, "encrypted", name="encrypted"),
        refuse("BAD_ARCHIVE", archives.in_an_archive, "inner.zip", name="zip in zip"),
    ),
)

NIFTI = (
    row(
        70,
        "no-orientation",
        refuse("IDENTITY", of(stating, **NO_FORM), "sform_code", "qform_code"),
        let(of(stating, **NO_FORM), values_alone, "REPAIRED_VALUE", assume_ras=True),
    ),
    row(
        71,
        "sform-without-space",
        refuse("NO_GEOMETRY", of(stating, srow_x=(NAN,) * 4), "sform", name="nan"),
        refuse("NO_GEOMETRY", of(stating, srow_z=(0.0,) * 4), "sform", name="zero row"),
    ),
    row(72, "sform-sheared", refuse("TILTED", nifti_files.sheared, "sform", "0.342")),
    row(
        73,
        "sform-against-qform",
        refuse("CONFLICT", nifti_files.forms_apart, "sform", "qform", "30 mm"),
        let(nifti_files.forms_apart, WHOLE, "REPAIRED_VALUE", prefer="sform"),
    ),
    row(74, "dim-32767", refuse("BOMB", nifti_files.huge, str(32767**3), LIMIT_VOXELS, megabytes=50)),
    row(
        75,
        "no-nifti-header",
        refuse("NOT_NIFTI CORRUPT", of(stating, dim=(3, 0, 48, 4, 1, 1, 1, 1)), name="dim 0"),
        refuse("NOT_NIFTI CORRUPT", of(stating, dim=(3, -5, 48, 4, 1, 1, 1, 1)), "-5", name="dim -5"),
        refuse("NOT_NIFTI CORRUPT", of(stating, datatype=0), "0", name="datatype 0"),
        refuse("NOT_NIFTI CORRUPT", of(stating, magic=b"abcd"), "magic", name="magic"),
        refuse("NOT_NIFTI CORRUPT", nifti_files.header_of_100_bytes, name="100 bytes"),
    ),
    row(
        76,
        "nifti-cut",
        refuse("TRUNCATED", of(stating, vox_offset=1_000_000.0), "1000000|1024576", name="vox_offset"),
        refuse("TRUNCATED", nifti_files.short, "bytes", name="1000 bytes short"),
        refuse("TRUNCATED", nifti_files.cut_gzip, name="cut gzip"),
    ),
    row(
        77,
        "no-scaling",
        read(of(stating, scl_slope=0.0, scl_inter=5.0), WHOLE, name="slope 0"),
        read(of(stating, scl_slope=NAN, scl_inter=NAN), WHOLE, name="slope nan"),
    ),
    row(78, "micrometres", read(nifti_files.micrometres, holding(off_mm=0.01))),
    row(79, "unit-code-7", refuse("UNITS", of(stating, xyzt_units=7), "7")),
    row(80, "two-time-points", refuse("DIMENSIONS", nifti_files.two_times, "4", "2")),
    row(
        81,
        "one-nan-voxel",
        refuse("NOT_FINITE", nifti_files.one_nan, f"1 of {truth.VALUES.size}"),
        let(nifti_files.one_nan, holding(FILLED), "REPAIRED_VALUE", fill=0.0),
    ),
    row(82, "complex", refuse("BAD_TYPE", nifti_files.complex_voxels, "complex64")),
    row(
        83,
        "zeros-behind-the-volume",
        *(
            read(
                of(nifti_files.zeros_behind, ended=ended),
                WHOLE,
                name=name,
                warning="TRAILING_BYTES",
                megabytes=50,
            )
            for name, ended in {"to the end": True, "cut at their end": False}.items()
        ),
    ),
    row(84, "dicom-named-nifti", refuse("NOT_NIFTI", nifti_files.renamed_dicom)),
)

PICTURES = (
    row(85, "png-60000", refuse("BOMB", pictures.enormous, "3600000000", "178000000", megabytes=50)),
    row(
        86,
        "cut-pictures",
        refuse("TRUNCATED", pictures.cut_png, name="png"),
        refuse("TRUNCATED", pictures.cut_jpeg, name="jpeg"),
    ),
    row(
        87,
        "misnamed-pictures",
        refuse("NOT_PICTURE", pictures.page_of_the_web, name="html"),
        read(pictures.png_named_jpeg, picture(pictures.GREY), name="png named jpg", warning="REPAIRED_VALUE"),
    ),
    row(88, "exif-orientation-6", read(pictures.turned, picture(np.rot90(pictures.SMOOTH, -1), off=4))),
    row(
        89,
        "colour-pictures",
        read(pictures.inks, picture(pictures.stripes(pictures.PAINTS), off=8), name="cmyk"),
        read(
            pictures.palette_with_alpha, picture(pictures.stripes(pictures.OVER_BLACK), off=1), name="palette"
        ),
    ),
    row(90, "deep-grey-png", read(pictures.deep_grey, picture(pictures.DEEP))),
    row(91, "tiff-of-three-pages", refuse("DIMENSIONS", pictures.pages, "3")),
    row(
        92,
        "tiff-in-a-ring",
        refuse("CORRUPT", of(pictures.ring, 1), name="one page"),
        refuse("CORRUPT", of(pictures.ring, 2), name="two pages"),
    ),
    row(
        93,
        "no-picture-we-read",
        refuse("NOT_PICTURE", pictures.moving, name="gif"),
        refuse("NOT_PICTURE", pictures.drawing, name="svg"),
    ),
    row(94, "png-text-of-1-gb", refuse("BOMB", pictures.long_text, megabytes=50)),
)

OUTPUTS = (
    row(95, "output-exists", refuse("OVERWRITE", truth.series, "overwrite"), apart=True),
    row(96, "disk-full", refuse("NO_ACCESS", truth.series, "cannot be written"), apart=True),
)

TABLE = (*FILES, *GEOMETRY, *TOGETHER, *VALUES, *ARCHIVES, *NIFTI, *PICTURES, *OUTPUTS)
