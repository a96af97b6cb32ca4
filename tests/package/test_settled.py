"""What a package decides by travels in it, is checked, and leaves the score as it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.special import expit, logit

from medidense.errors import PackageError
from medidense.package import PackageContents, load_package, write_package
from medidense.values import Calibration, NamedPoint, Region, SetRule, Volume

PLATT = Calibration(method="platt", slope=0.5, intercept=-1.0)
YOUDEN = NamedPoint(
    name="youden", threshold=0.25, sensitivity=(0.9, 0.8, 0.95), specificity=(0.8, None, None)
)


@pytest.fixture
def settled(contents: PackageContents, tmp_path: Path) -> Path:
    folder = tmp_path / "settled"
    folder.mkdir()
    rules = contents.recipe.evaluation.model_copy(update={"operating_rule": "youden"})
    write_package(
        folder,
        replace(
            contents,
            recipe=contents.recipe.model_copy(update={"evaluation": rules}),
            operating_point=0.25,
            operating_rule="youden",
            calibration=PLATT,
            sets=SetRule(coverage=0.9, least=(0.4, 0.3)),
            points=(YOUDEN,),
        ),
    )
    return folder


def test_the_raw_score_is_the_same_to_the_bit_and_the_rest_stands_beside(
    settled: Path, written: Path, scan: Volume, lesion: Region
) -> None:
    found, plain = load_package(settled).predict(scan, lesion), load_package(written).predict(scan, lesion)
    assert found.scores == plain.scores
    assert (plain.calibrated, plain.possible) == (None, None)
    score = found.scores["malignant"]
    assert found.calibrated["malignant"] == pytest.approx(expit(0.5 * logit(score) - 1))
    assert sum(found.calibrated.values()) == pytest.approx(1)
    assert found.possible == tuple(
        name for name, least in (("benign", 0.4), ("malignant", 0.3)) if found.scores[name] >= least
    )


def test_the_chosen_point_decides(settled: Path, scan: Volume, lesion: Region) -> None:
    package = load_package(settled)
    assert (package.manifest.operating_point, package.manifest.operating_rule) == (0.25, "youden")
    found = package.predict(scan, lesion)
    assert found.decision == ("malignant" if found.scores["malignant"] >= 0.25 else "benign")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda tree: tree["calibration"].update(slope=float("nan")), "calibration.slope"),
        (lambda tree: tree["calibration"].update(slope=1e15), "calibration: the manifest contradicts"),
        (lambda tree: tree["calibration"].update(method="isotonic"), "calibration.method"),
        (lambda tree: tree["calibration"].update(method="temperature"), "calibration: the manifest contra"),
        (lambda tree: tree["sets"].update(least=[0.5]), "sets: the manifest contradicts"),
        (lambda tree: tree["sets"].update(least=[0.5, 1.5]), "sets: the manifest contradicts"),
        (lambda tree: tree["sets"].update(coverage=0.5), "sets.coverage: the recipe says 0.9; found 0.5"),
        (lambda tree: tree["operating_points"][0].update(threshold=1.5), "operating_points: the manifest"),
        (lambda tree: tree["operating_points"].append(tree["operating_points"][0]), "operating_points: the"),
        (lambda tree: tree["operating_points"][0].update(name="best"), "operating_points.0.name"),
        (lambda tree: tree.update(operating_rule="cost"), "operating_rule: the recipe says youden"),
        (lambda tree: tree.update(operating_rule="fixed"), "operating_point: the recipe says 0.5"),
    ],
)
def test_what_does_not_hold_is_refused(
    settled: Path, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    path = settled / "manifest.json"
    tree = json.loads(path.read_text())
    change(tree)
    path.write_text(json.dumps(tree))
    with pytest.raises(PackageError) as caught:
        load_package(settled)
    assert told in "\n".join(caught.value.lines)


def test_equal_contents_with_all_of_it_give_equal_bytes(settled: Path) -> None:
    tree = json.loads((settled / "manifest.json").read_text())
    assert tree["calibration"] == {"method": "platt", "slope": 0.5, "intercept": -1.0}
    assert tree["sets"] == {"coverage": 0.9, "least": [0.4, 0.3]}


def test_named_points_travel_and_a_package_without_them_is_read(settled: Path) -> None:
    assert load_package(settled).manifest.operating_points == (YOUDEN,)
    path = settled / "manifest.json"
    tree = json.loads(path.read_text())
    del tree["operating_points"]
    path.write_text(json.dumps(tree))
    assert load_package(settled).manifest.operating_points == ()
