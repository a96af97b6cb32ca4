"""What does each frame of a multi-frame object say of its place, its values and what it shows?

Enhanced objects state it in functional groups: one item a frame, and one shared item for what all frames have
in common; where both speak the frame's own word counts (PS3.3, C.7.6.16). The top level of such a file may
hold stale copies and is not asked for geometry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from medidense.io.dicom.attributes import Mark, Plane, image_marks, mark_value
from medidense.io.dicom.elements import Elements, Found, numbers, stated, word

OWN, SHARED = "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"
GROUPS = frozenset(tag_for_keyword(keyword) for keyword in (OWN, SHARED))
"""Tags of the functional groups."""

FRAME_TYPES = (
    "MRImageFrameTypeSequence",
    "CTImageFrameTypeSequence",
    "PETFrameTypeSequence",
    "XRay3DFrameTypeSequence",
    "XAXRFFrameCharacteristicsSequence",
)
"""Where FrameType, the ImageType of one frame, stands."""

MARKS = (
    ("ImageType", FRAME_TYPES, "FrameType"),
    ("ComplexImageComponent", FRAME_TYPES, "ComplexImageComponent"),
    ("EchoTime", ("MREchoSequence",), "EffectiveEchoTime"),
    ("FlipAngle", ("MRTimingAndRelatedParametersSequence",), "FlipAngle"),
    ("ConvolutionKernel", ("CTReconstructionSequence",), "ConvolutionKernel"),
    ("KVP", ("CTXRayDetailsSequence",), "KVP"),
    ("SliceThickness", ("PixelMeasuresSequence",), "SliceThickness"),
    ("AcquisitionDateTime", ("FrameContentSequence",), "FrameAcquisitionDateTime"),
    ("InversionTime", ("MRModifierSequence",), "InversionTimes"),
    ("DiffusionBValue", ("MRDiffusionSequence",), "DiffusionBValue"),
    ("TemporalPositionIdentifier", ("FrameContentSequence",), "TemporalPositionIndex"),
    ("AcquisitionNumber", ("FrameContentSequence",), "FrameAcquisitionNumber"),
    ("TriggerTime", ("CardiacSynchronizationSequence",), "NominalCardiacTriggerDelayTime"),
    ("StackID", ("FrameContentSequence",), "StackID"),
)
"""(what single-frame files call it, the groups it may stand in, its keyword there)."""


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """One frame, as its functional groups describe it; `rescale` is (slope, intercept) or None."""

    plane: Plane
    rescale: Dataset | None
    marks: tuple[Mark, ...]


def frames_of(found: Found, count: int) -> tuple[FrameFacts, ...] | None:
    """The facts of each of `count` frames; None where the object has no functional groups.

    A frame without an item of its own, because the sequence is too short, has the shared facts alone.
    """
    if isinstance(found, Elements) and GROUPS.isdisjoint(found.stored):  # as most have it
        return None
    own, shared = _items(found, OWN), _items(found, SHARED)
    if not own and not shared:
        return None
    common = shared[0] if len(shared) else Dataset()
    return tuple(_facts(found, (own[n] if n < len(own) else Dataset(), common)) for n in range(count))


def _items(found: Found, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence, none where it is missing."""
    items: Sequence[Dataset] = found.get(keyword) if stated(found, keyword) else ()
    return items


def _facts(found: Found, groups: Sequence[Dataset]) -> FrameFacts:
    """One frame; `groups` are its own item and the shared one."""
    measures = _group(groups, ("PixelMeasuresSequence",))
    thickness = numbers(measures, "SliceThickness", 1)
    plane = Plane(
        position=numbers(_group(groups, ("PlanePositionSequence",)), "ImagePositionPatient", 3),
        orientation=numbers(_group(groups, ("PlaneOrientationSequence",)), "ImageOrientationPatient", 6),
        spacing=numbers(measures, "PixelSpacing", 2),
        thickness=thickness[0] if thickness and thickness[0] > 0 else None,
        acquisition_side=0,
    )
    marks = dict(image_marks(found))
    for name, sequences, keyword in MARKS:
        value = word(_group(groups, sequences), keyword)
        if value:
            marks[name] = mark_value(name, value)
    diffusion = _group(groups, ("MRDiffusionSequence",))
    turned = word(
        _group((diffusion,), ("DiffusionGradientDirectionSequence",)), "DiffusionGradientOrientation"
    )
    if turned:
        marks["DiffusionGradientOrientation"] = mark_value("DiffusionGradientOrientation", turned)
    transformation = _group(groups, ("PixelValueTransformationSequence",))
    rescale = transformation if "RescaleSlope" in transformation else None
    return FrameFacts(plane, rescale, tuple(sorted(marks.items())))


def _group(groups: Sequence[Dataset], sequences: Sequence[str]) -> Dataset:
    """The first item of one of these sequences, of the frame before the shared one; empty where missing."""
    for group in groups:
        for sequence in sequences:
            items = group.get(sequence)
            if items:
                item: Dataset = items[0]
                return item
    return Dataset()
