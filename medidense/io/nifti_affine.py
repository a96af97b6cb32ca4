"""Which orientation of a NIfTI header is believed? nifti1.h, "3D IMAGE ORIENTATION AND LOCATION IN SPACE".

The sform where its code is above 0, else the qform where its code is, else none: left and right are never
guessed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from medidense.io.grids import corner_distance
from medidense.values import ReadOptions, Refused

Floats = NDArray[np.float64]

MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Unit code (the lower three bits of xyzt_units) -> factor; 0 is unstated and read as millimetres."""
AGREE_MM = 1.0
"""sform and qform may differ by this much at a corner, when both are given."""
SQUARE = 1e-3
"""How far the cosines between axes may be from 0."""
FLAT = 1e-9
"""An axis shorter than this (mm) has no length."""


def believed_affine(
    path: Path, header: Any, shape: tuple[int, int, int], options: ReadOptions
) -> tuple[Floats, tuple[str, ...]]:
    """(affine to RAS+ mm, warnings) of nibabel's header of an image of this shape.

    Where both forms are given and lie more than 1 mm apart at a corner, `options.prefer` chooses. Where
    neither is, `options.assume_ras` takes the spacing in pixdim, and axes that run right, front and up.
    A single slice without thickness is taken as 1 mm thick.
    Raises Refused UNITS, IDENTITY, NO_GEOMETRY, TILTED or CONFLICT.
    """
    scale = _millimetres(path, header)
    forms: dict[str, Floats] = {}
    for name in ("sform", "qform"):
        form = _form(path, header, name)
        if form is not None:
            forms[name] = np.diag([scale] * 3 + [1.0]) @ form
    if forms:
        name, warnings = _chosen(path, forms, shape, options.prefer)
        affine = forms[name]
    elif options.assume_ras:
        name, affine = "pixdim", _centred(header, shape, scale)
        warnings = ["no sform and no qform: taken as R, A, S with the spacing in pixdim, as was asked"]
    else:
        step = "set the sform or the qform; or pass --assume-ras, if its axes run to R, A and S"
        raise Refused("IDENTITY", path, "sform_code 0 and qform_code 0", "one of them above 0", step)
    if shape[2] == 1 and _lengths(affine)[2] < FLAT:
        affine = _with_thickness(affine)
        warnings.append("the one slice has no thickness: taken as 1 mm")
    _check_form(path, name, affine)
    return affine, tuple(f"REPAIRED_VALUE: {warning}" for warning in warnings)


def _millimetres(path: Path, header: Any) -> float:
    """The unit of length in mm. Refused UNITS for a code that stands for none."""
    unit = int(header["xyzt_units"]) & 7
    if unit not in MILLIMETRES:
        step = "correct xyzt_units in the header"
        raise Refused("UNITS", path, f"unit code {unit}", "metre, millimetre or micrometre", step)
    return MILLIMETRES[unit]


def _form(path: Path, header: Any, name: str) -> Floats | None:
    """The sform or qform as float64 (4, 4); None where its code is 0."""
    if int(header[f"{name}_code"]) <= 0:
        return None
    try:
        form = header.get_sform() if name == "sform" else header.get_qform()
    except (HeaderDataError, ValueError) as error:
        step = "correct the header"
        raise Refused("NO_GEOMETRY", f"{path} {name}", type(error).__name__, "a rotation", step) from error
    return np.asarray(form, dtype=np.float64)


def _chosen(
    path: Path, forms: Mapping[str, Floats], shape: tuple[int, int, int], prefer: str
) -> tuple[str, list[str]]:
    """The name of the form that counts, and what must be told of the choice."""
    first = next(iter(forms))
    if len(forms) == 1:
        return first, []
    apart = corner_distance(forms["sform"], forms["qform"], shape)
    if apart <= AGREE_MM:
        return first, []
    if prefer:
        return prefer, [f"sform and qform are {apart:.3g} mm apart: the {prefer} was taken, as was asked"]
    for name, form in forms.items():
        _check_form(path, name, form)
    said = f"sform and qform {apart:.3g} mm apart at a corner"
    step = "pass --prefer sform or --prefer qform, or set the wrong one's code to 0"
    raise Refused("CONFLICT", path, said, f"at most {AGREE_MM:g} mm", step)


def _centred(header: Any, shape: tuple[int, int, int], scale: float) -> Floats:
    """Axes to R, A, S with the spacing in pixdim, the middle of the image at 0 mm."""
    gaps = np.asarray(header["pixdim"][1:4], dtype=np.float64) * scale
    affine = np.diag([*gaps, 1.0])
    affine[:3, 3] = -gaps * (np.array(shape) - 1) / 2
    return affine


def _with_thickness(affine: Floats) -> Floats:
    """The affine of one slice, its third axis 1 mm along the normal of the other two."""
    repaired = affine.copy()
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    length = float(np.linalg.norm(normal))
    repaired[:3, 2] = normal / length if length > 0 else 0.0
    return repaired


def _lengths(affine: Floats) -> Floats:
    """Spacing along i, j, k."""
    lengths: Floats = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    return lengths


def _check_form(path: Path, name: str, form: Floats) -> None:
    """Refused NO_GEOMETRY for numbers that span no space, TILTED for sheared axes."""
    lengths, step = _lengths(form), "correct the header"
    # pixdim must be positive where it alone tells the spacing; a form's columns may point anywhere
    backwards = name == "pixdim" and bool((np.diag(form)[:3] <= 0).any())
    if not np.isfinite(form).all() or lengths.min() < FLAT or backwards:
        raise Refused("NO_GEOMETRY", f"{path} {name}", "NaN or an axis without length", "an affine", step)
    cosines = (form[:3, :3] / lengths).T @ (form[:3, :3] / lengths) - np.eye(3)
    worst = float(np.abs(cosines).max())
    if worst > 1 - SQUARE:
        raise Refused("NO_GEOMETRY", f"{path} {name}", "two parallel axes", "three directions", step)
    if worst > SQUARE:
        step = "resample the volume to axes at right angles"
        raise Refused("TILTED", f"{path} {name}", f"cosine {worst:.3g} between axes", "0", step)
