"""Are contours filled on exactly the slices and voxels that they were drawn on?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medidense.io.dicom import read_contours
from medidense.io.grids import Grid
from medidense.io.guard import Limits
from medidense.values import Refused, Source, Volume

GRID = Grid((6, 7, 5), np.array([[-0.5, 0, 0, 11], [0, -0.75, 0, -7], [0, 0, 2, 100], [0, 0, 0, 1.0]]), "1.2")


def on(grid, *points):
    """Points given in voxel steps, in RAS millimetres."""
    return np.array(points, dtype=np.float64) @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def rectangle(grid, level, low=(0.5, 0.5), high=(3.5, 2.5)):
    (a, b), (c, d) = low, high
    return on(grid, (a, b, level), (c, b, level), (c, d, level), (a, d, level))


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations([0, 1, 2]),
    angles=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    spacing=st.tuples(*[st.floats(0.4, 4)] * 3),
    seed=st.integers(0, 99),
)
def test_masks_outlined_on_any_image(
    tmp_path_factory, write_rtstruct, outlined, order, angles, spacing, seed
):
    (c, d), (s, t) = np.cos(angles), np.sin(angles)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, d, -t], [0, t, d]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * spacing, [120.5, -33.25, 900]
    mask = np.random.default_rng(seed).random((5, 4, 3)) < 0.4
    mask[0, 0, 0] = True
    drawn = outlined(Volume(mask.astype(np.uint8), affine, Source("dicom")), mask)
    path = write_rtstruct(tmp_path_factory.mktemp("m") / "r.dcm", {"a": drawn})
    turned = Grid(tuple(mask.shape[axis] for axis in order), affine[:, [*order, 3]])
    np.testing.assert_array_equal(read_contours(path, turned), mask.transpose(order))


def test_a_hole_and_a_part_beside_it(tmp_path, write_rtstruct):
    ring = [rectangle(GRID, 2, (-0.5, -0.5), (4.5, 4.5)), rectangle(GRID, 2, (0.5, 0.5), (3.5, 3.5))]
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [*ring, rectangle(GRID, 2, (1.5, 1.5), (2.5, 2.5))]})
    found = read_contours(path, GRID)
    expected = np.zeros((6, 7), dtype=bool)
    expected[:5, :5] = True
    expected[1:4, 1:4] = False
    expected[2, 2] = True
    np.testing.assert_array_equal(found[:, :, 2], expected)
    assert not found[:, :, [0, 1, 3, 4]].any()


def test_a_centre_on_the_contour_is_inside(tmp_path, write_rtstruct):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, 1, (1, 1), (3, 4))]})
    assert np.argwhere(read_contours(path, GRID)).tolist() == [
        [i, j, 1] for i in (1, 2, 3) for j in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("levels", "answer"),
    [
        ([1.0, 2.0], [1, 2]),
        ([0.0, 2.0, 4.0], [0, 2, 4]),  # nothing is filled in between
        ([1.49], [1]),
        ([-0.49], [0]),
        ([4.49], [4]),
        ([-0.51], "GRID"),
        ([4.51], "GRID"),
        ([1.0, 1.4], "GRID"),  # two planes that would be one slice
        ([1.0, 1.05], [1]),
        ([0.0, 0.6667, 1.3333, 2.0], "GRID"),  # drawn on thinner slices
    ],
)
def test_contours_lie_on_slices(tmp_path, write_rtstruct, code_of, levels, answer):
    ones = [rectangle(GRID, level, (at - 0.4, 0.6), (at + 0.4, 2.4)) for at, level in enumerate(levels)]
    path = write_rtstruct(tmp_path / "r.dcm", {"a": ones})
    if isinstance(answer, str):
        assert code_of(lambda: read_contours(path, GRID)) == answer
    else:
        found = read_contours(path, GRID)
        assert np.flatnonzero(found.any(axis=(0, 1))).tolist() == answer
        assert found.sum() == 2 * len(levels)


def test_a_contour_through_several_slices(tmp_path, write_rtstruct, code_of):
    slope = on(GRID, (0, 0, 0.4), (3, 0, 1.6), (3, 3, 1.6), (0, 3, 0.4))
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [slope, rectangle(GRID, 1)]})
    assert code_of(lambda: read_contours(path, GRID)) == "GRID"


@pytest.mark.parametrize(("edge", "code"), [(-0.5, ""), (-0.7, ""), (-0.8, "OUTSIDE"), (-90, "OUTSIDE")])
def test_a_contour_that_leaves_the_image(tmp_path, write_rtstruct, code_of, edge, code):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, 1, (edge, 0), (2, 2))]})
    assert code_of(lambda: read_contours(path, GRID)) == code
    mirrored = Grid(
        GRID.shape, GRID.affine @ np.array([[-1.0, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    )
    assert code_of(lambda: read_contours(path, mirrored)) == code


def test_one_of_several_regions(tmp_path, write_rtstruct):
    regions = {"GTV": [rectangle(GRID, 0)], "lung": [rectangle(GRID, 3)], "empty": []}
    path = write_rtstruct(tmp_path / "r.dcm", regions)
    for named, level in (("GTV", 0), ("1", 0), ("lung", 3), ("2", 3)):
        assert np.flatnonzero(read_contours(path, GRID, named).any(axis=(0, 1))).tolist() == [level]
    codes = {}
    for named in ("", "4", "gtv", "empty"):
        with pytest.raises(Refused) as caught:
            read_contours(path, GRID, named)
        codes[named] = caught.value.refusal.code
    assert codes == {"": "CONFLICT", "4": "CONFLICT", "gtv": "CONFLICT", "empty": "NO_MASK"}


def test_two_regions_of_one_name(tmp_path, write_rtstruct, code_of):
    def rename(found):
        for item in found.StructureSetROISequence:
            item.ROIName = "same"

    regions = {"a": [rectangle(GRID, 0)], "b": [rectangle(GRID, 3)]}
    path = write_rtstruct(tmp_path / "r.dcm", regions, change=rename)
    assert code_of(lambda: read_contours(path, GRID, "same")) == "CONFLICT"
    assert read_contours(path, GRID, "2").any(axis=(0, 1)).tolist() == [False, False, False, True, False]


def test_a_point_says_what_to_do(tmp_path, write_rtstruct):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [np.array([[-1.5, 2.25, 30.0]])]}, kind="POINT")
    with pytest.raises(Refused) as caught:
        read_contours(path, GRID)
    no = caught.value.refusal
    assert (no.code, no.found) == ("BAD_TYPE", "the point 1.5, -2.25, 30 (LPS)")
    assert "diameter_mm" in no.next_step


def test_the_frame_of_reference(tmp_path, write_rtstruct, code_of):
    for uid, code in (("1.2", ""), ("", ""), ("1.3", "GRID")):
        path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, 1)]}, frame_uid=uid)
        assert code_of(lambda path=path: read_contours(path, GRID)) == code


def contour(found):
    return found.ROIContourSequence[0].ContourSequence[0]


def test_an_object_that_does_not_hold(tmp_path, write_rtstruct, code_of):
    changes = {
        "no regions": (lambda found: delattr(found, "StructureSetROISequence"), "CORRUPT"),
        "no contours": (lambda found: delattr(found, "ROIContourSequence"), "CORRUPT"),
        "none of this region": (lambda found: found.ROIContourSequence.clear(), "NO_MASK"),
        "not a number": (lambda found: contour(found).ContourData.__setitem__(4, float("nan")), "CORRUPT"),
        "no triplets": (lambda found: contour(found).ContourData.append(1.0), "CORRUPT"),
        "fewer points": (lambda found: setattr(contour(found), "NumberOfContourPoints", 5), "CONFLICT"),
        "open": (lambda found: setattr(contour(found), "ContourGeometricType", "OPEN_PLANAR"), "BAD_TYPE"),
        "shifted": (lambda found: setattr(contour(found), "ContourOffsetVector", [0, 0, 1]), "BAD_TYPE"),
        "not shifted": (lambda found: setattr(contour(found), "ContourOffsetVector", [0, 0, 0]), ""),
        "XOR": (lambda found: setattr(contour(found), "ContourGeometricType", "CLOSEDPLANAR_XOR"), ""),
        "no syntax": (lambda found: None, ""),
    }
    codes = {}
    for name, (change, _) in changes.items():
        path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, 1)]}, change=change)
        codes[name] = code_of(lambda path=path: read_contours(path, GRID))
    assert codes == {name: code for name, (_, code) in changes.items()}


def test_too_many_points(tmp_path, write_rtstruct, code_of):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, 1), rectangle(GRID, 2)]})
    assert code_of(lambda: read_contours(path, GRID, limits=Limits(contour_points=8))) == ""
    assert code_of(lambda: read_contours(path, GRID, limits=Limits(contour_points=7))) == "BOMB"


def test_a_long_contour_is_stored_as_unknown(tmp_path, write_rtstruct):
    angle = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    circle = on(GRID, *np.column_stack([2.5 + 2.2 * np.cos(angle), 3 + 2.2 * np.sin(angle), 1 + 0 * angle]))
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [circle]})
    assert b"UN" in path.read_bytes()  # a text of more than 64 KiB has no length in explicit VR
    i, j = np.meshgrid(np.arange(6) - 2.5, np.arange(7) - 3, indexing="ij")
    np.testing.assert_array_equal(read_contours(path, GRID)[:, :, 1], np.hypot(i, j) < 2.2)


def test_a_file_cut_anywhere_is_refused(tmp_path, write_rtstruct, code_of):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, level) for level in range(4)]})
    whole = path.read_bytes()
    for at in range(140, len(whole) - 1, 31):
        path.write_bytes(whole[:at])
        assert code_of(lambda: read_contours(path, GRID)) in ("TRUNCATED", "CORRUPT", "NO_TS")


def test_bytes_changed_anywhere_give_a_mask_or_a_refusal(tmp_path, write_rtstruct, code_of):
    path = write_rtstruct(tmp_path / "r.dcm", {"a": [rectangle(GRID, level) for level in range(4)]})
    whole, random = path.read_bytes(), np.random.default_rng(5)
    for _ in range(300):
        broken = bytearray(whole)
        for at in random.integers(132, len(whole), 4):
            broken[at] = random.integers(256)
        path.write_bytes(broken)
        code_of(lambda: read_contours(path, GRID))
