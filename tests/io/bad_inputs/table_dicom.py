"""Rows 1 to 62 of the table: DICOM files and series."""

import numpy as np

from tests.io.bad_inputs import dicom_files as files
from tests.io.bad_inputs import dicom_series as series
from tests.io.bad_inputs import truth
from tests.io.bad_inputs.cases import (
    FIRST,
    WHOLE,
    coloured,
    holding,
    let,
    of,
    read,
    refuse,
    row,
    straightened,
)
from tests.io.bad_inputs.dicom_series import stating

OBJECTS = {
    "report": ("1.2.840.10008.5.1.4.1.1.88.11", "SR"),
    "plan": ("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN"),
    "structure set": ("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT"),
    "ecg": ("1.2.840.10008.5.1.4.1.1.9.1.1", "ECG"),
}
"""Objects without pixels: name -> (SOP class, modality)."""

SPACING, PLACE, TURN = "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"
SLOPE, FRAME, PATIENT = "RescaleSlope", "FrameOfReferenceUID", "PatientID"
LIMIT_VOXELS = str(1 << 30)
DECLARED_VOXELS = str(65535 * 65535 * 9999)
SEVENS = np.full_like(truth.VALUES, 7)
RESCALED = truth.STORED.transpose(2, 1, 0) * np.array(series.SLOPES) + np.array(series.SHIFTS)

FILES = (
    row(1, "folder-with-only-text", refuse("EMPTY NOT_DICOM", files.folder_of_text)),
    row(2, "empty-folder", refuse("EMPTY", files.empty_folder)),
    row(3, "empty-file", refuse("EMPTY", of(files.written, "a.dcm", b""), "0 bytes")),
    row(
        4,
        "no-access",
        refuse("NO_ACCESS", files.absent, name="absent"),
        refuse("NO_ACCESS", files.under_a_file, name="under a file"),
        refuse("NO_ACCESS", files.unreadable, name="without permission"),
    ),
    row(5, "text-named-dcm", refuse("NOT_DICOM", files.text)),
    row(6, "mark-only", refuse("TRUNCATED", files.mark_only)),
    row(7, "cut-in-the-header", refuse("TRUNCATED", files.cut_in_the_header)),
    row(
        8,
        "one-row-short",
        refuse("TRUNCATED", files.one_row_short, "6016", "6144", name="as declared"),
        refuse("TRUNCATED", of(files.changed, lambda all_: all_[:-128]), "6016", "6144", name="cut"),
    ),
    row(9, "one-byte-longer", read(files.one_byte_longer, FIRST, warning="TRAILING_BYTES")),
    row(10, "no-transfer-syntax", refuse("NO_TS", files.without_syntax, "TransferSyntaxUID")),
    row(
        11,
        "bare-implicit",
        refuse("NO_TS", files.without_group_two),
        let(files.without_group_two, FIRST, guess_syntax=True),
    ),
    row(
        12,
        "bare-big-endian",
        refuse("NO_TS", of(files.without_group_two, little=False), name="no preamble"),
        refuse("NO_TS", of(files.without_group_two, little=False, preamble=True), name="preamble"),
    ),
    row(13, "unknown-syntax", refuse("UNKNOWN_SYNTAX", of(files.with_syntax, files.NO_UID), files.NO_UID)),
    row(14, "video", refuse("UNKNOWN_SYNTAX", files.video, files.VIDEO_UID, "MPEG")),
    row(
        15,
        "no-decoder",
        refuse("UNKNOWN_SYNTAX", files.lossless_jpeg, "1.2.840.10008.1.2.4.70", "python-gdcm"),
        apart=True,
    ),
    row(16, "noise-as-jpeg-2000", refuse("CORRUPT", files.noise_as_jpeg2000)),
    row(
        17,
        "small-stream-under-large-header",
        refuse("CORRUPT", files.small_jpeg2000_under_a_large_header, "64 x 64", "512 x 512"),
    ),
    row(
        18,
        "no-pixels",
        *(refuse("NO_PIXELS", of(files.without_pixels, *kind), name=name) for name, kind in OBJECTS.items()),
    ),
    row(
        19,
        "no-pixels-beside-a-series",
        *(
            read(of(files.beside_a_series, *kind), WHOLE, name=name, warning="SKIPPED_FILE")
            for name, kind in OBJECTS.items()
        ),
    ),
    row(
        20,
        "no-image-class",
        refuse("WRONG_CLASS", files.segmentation, "segmentation", name="segmentation"),
        refuse("WRONG_CLASS", files.dose, "dose", name="dose"),
    ),
    row(21, "rows-0", refuse("CORRUPT", files.no_rows, f"0 x {truth.COLUMNS}")),
    row(
        22,
        "rows-and-columns-65535",
        refuse("BOMB", files.declares_terabytes, DECLARED_VOXELS, LIMIT_VOXELS, megabytes=50),
    ),
    row(23, "deflated-bomb", refuse("BOMB", files.deflated_bomb, "200", megabytes=250)),
    row(
        24,
        "sequences-in-sequences",
        refuse("NESTING", of(files.nested, 3000), "16", name="3000 deep"),
        refuse("NESTING", of(files.nested, 3000, lengths=True), "16", name="3000 with lengths"),
        refuse("NESTING", of(files.nested, 17), "16", name="17 deep"),
        read(of(files.nested, 16), FIRST, name="16 deep"),
    ),
    row(25, "element-of-4-gb", refuse("TRUNCATED CORRUPT", files.claims_four_gigabytes, megabytes=50)),
    row(
        26,
        "sequence-without-end",
        refuse("TRUNCATED CORRUPT", files.sequence_without_end, name="before the pixels"),
        refuse("TRUNCATED CORRUPT", files.file_ends_in_a_sequence, name="at the end of the file"),
    ),
)

GEOMETRY = (
    row(
        27,
        "pixel-spacing",
        refuse("NO_GEOMETRY", of(stating, SPACING, None), SPACING, name="missing"),
        refuse("NO_GEOMETRY", of(stating, SPACING, [0, 0]), SPACING, "0|0.0", name="zero"),
        refuse("NO_GEOMETRY", of(stating, SPACING, [-0.75, 0.5]), SPACING, "-0.75", name="negative"),
        refuse("NO_GEOMETRY", of(series.stating_bytes, SPACING, b"nan\\nan "), SPACING, name="nan"),
    ),
    row(28, "no-position", refuse("NO_GEOMETRY", of(stating, PLACE, None), PLACE)),
    row(
        29,
        "orientation",
        refuse("NO_GEOMETRY", of(stating, TURN, None), TURN, name="missing"),
        refuse("NO_GEOMETRY", of(stating, TURN, [0] * 6), TURN, name="zero"),
        refuse("NO_GEOMETRY", of(stating, TURN, [1, 0, 0, 1, 0, 0]), TURN, name="parallel"),
    ),
    row(
        30,
        "vectors-a-little-long",
        read(of(stating, TURN, [1.0004, 0, 0, 0, 1.0004, 0]), WHOLE, warning="REPAIRED_VALUE"),
    ),
    row(
        31,
        "vectors-at-80-degrees",
        refuse("NO_GEOMETRY", of(stating, TURN, [1, 0, 0, "0.173648", "0.984808", 0]), TURN),
    ),
    row(32, "steps-2-2-4", refuse("MISSING_SLICE", of(series.at_heights, 0, 2, 4, 8), "4 mm", "2 mm")),
    row(33, "steps-2-2-2.3", refuse("UNEVEN", of(series.at_heights, 0, 2, 4, 6.3), "2.3 mm", "2 mm")),
    row(34, "steps-with-noise", read(of(series.at_heights, 0, 2.005, 3.995, 6.005), holding(off_mm=0.006))),
    row(35, "each-slice-0.6-mm-aside", refuse("TILTED", series.shifted_sideways, "1.8 mm")),
    row(36, "positions-on-a-curve", refuse("TILTED", series.on_a_curve, "4 mm")),
    row(
        37,
        "gantry-tilt",
        refuse("TILTED", series.gantry_tilt, "1.55 mm"),
        let(series.gantry_tilt, straightened, "RESAMPLED", allow_tilt=True),
    ),
)

TOGETHER = (
    row(38, "two-images-at-a-position", refuse("REPEATED_POSITION", series.twin_position, "5", "4")),
    row(
        39,
        "two-echoes",
        refuse("REPEATED_POSITION", series.two_echoes, "EchoTime"),
        let(series.two_echoes, WHOLE, pick={"EchoTime": series.ECHOES[0]}),
    ),
    row(40, "exact-copy", read(series.exact_copy, WHOLE, warning="DROPPED_DUPLICATE")),
    row(
        41,
        "one-uid-two-images",
        refuse("CONFLICT", of(series.one_uid_two_images, apart=False), "SOPInstanceUID", name="at one place"),
        refuse("CONFLICT", of(series.one_uid_two_images, apart=True), "SOPInstanceUID", name="apart"),
    ),
    row(42, "two-series", refuse("SEVERAL_SERIES", series.two_series, truth.SERIES, series.OTHER_SERIES)),
    row(
        43,
        "one-slice-turned",
        refuse("SEVERAL_SERIES", series.turned_in_plane, "orientation", name="in its plane"),
        refuse("SEVERAL_SERIES", series.turned_out_of_plane, "orientation", name="out of its plane"),
    ),
    row(
        44,
        "one-smaller-slice",
        refuse("MIXED_SIZE", series.smaller_slice, "44 x 64|44x64x16bit", "48 x 64|48x64x16bit"),
    ),
    row(
        45,
        "one-slice-of-8-bits",
        refuse("MIXED_SIZE", series.slice_of_eight_bits, "8 bits|48x64x8bit", "16 bits|48x64x16bit"),
    ),
    row(
        46,
        "another-spacing",
        refuse("CONFLICT", of(stating, SPACING, [0.75, 0.625], only=2), SPACING, "0.5", "0.625"),
    ),
    row(
        47,
        "two-patients",
        refuse(
            "PATIENTS",
            of(stating, PATIENT, series.OTHER_PATIENT, only=2),
            PATIENT,
            secrets=(truth.PATIENT, series.OTHER_PATIENT),
        ),
    ),
    row(
        48,
        "two-frames-of-reference",
        refuse(
            "CONFLICT",
            of(stating, FRAME, series.OTHER_FRAME, only=2),
            f"2 {FRAME}s",
            "image-2.dcm",
            secrets=(truth.FRAME, series.OTHER_FRAME),
        ),
    ),
)

VALUES = (
    row(
        49,
        "slope-0",
        refuse("BAD_RESCALE", of(stating, SLOPE, 0), SLOPE, name="all slices"),
        refuse("BAD_RESCALE", of(stating, SLOPE, 0, only=2), SLOPE, truth.name_of(2), name="one slice"),
    ),
    row(50, "slope-1e400", refuse("BAD_RESCALE", of(series.stating_bytes, SLOPE, b"1e400 "), SLOPE)),
    row(51, "own-rescale-in-each-slice", read(series.own_rescale, holding(RESCALED.astype(np.float32)))),
    row(52, "numbers-against-positions", read(series.lying_numbers, WHOLE)),
    row(53, "spacing-between-slices-7", read(of(stating, "SpacingBetweenSlices", 7), WHOLE)),
    row(
        54,
        "mosaic",
        refuse("MOSAIC", of(series.tiled, "SIEMENS"), "384 x 384", name="Siemens"),
        refuse("MOSAIC", of(series.tiled, "UIH"), "384 x 384", name="United Imaging"),
    ),
    row(
        55,
        "magnitude-and-phase-in-one-file",
        refuse("REPEATED_POSITION", of(series.enhanced, ("MAGNITUDE", "PHASE")), series.TELLS_FRAMES_APART),
        read(series.enhanced, WHOLE, name="one at a place"),
    ),
    row(
        56,
        "colour",
        refuse("COLOUR", of(series.coloured, "RGB"), "RGB", name="rgb"),
        refuse("COLOUR", of(series.coloured, "PALETTE COLOR"), "PALETTE COLOR", name="palette"),
        refuse("COLOUR", of(series.coloured, "YBR_FULL"), "YBR_FULL", name="ybr"),
        let(of(series.coloured, "RGB"), coloured, colour=True),
    ),
    row(57, "scout-alone", refuse("LOCALIZER", series.scout)),
    row(58, "every-voxel-7", read(series.constant, holding(SEVENS)), apart=True),
    row(59, "junk-above-12-bits", read(series.junk_above_twelve_bits, WHOLE)),
    row(60, "text-among-slices", read(series.text_among_slices, WHOLE, warning="SKIPPED_FILE")),
    row(61, "one-slice-cut", refuse("TRUNCATED", series.one_cut_slice, truth.name_of(1), "6144")),
    row(
        62,
        "link-outside",
        refuse("NO_ACCESS", of(series.link_outside, to_folder=False), "link", name="to a file"),
        refuse("NO_ACCESS", of(series.link_outside, to_folder=True), "link", name="to a folder"),
    ),
)
