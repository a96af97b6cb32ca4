"""The curve of an epoch stands at its number, and the axis names what was trained by."""

import io
from collections.abc import Mapping

import pytest
from matplotlib.axes import Axes
from PIL import Image

from medidense.pages import curves as curves_module
from medidense.pages import curves_png
from medidense.values import EpochRecord, Recipe, parse_recipe

INTENSITY = {"rule": "percentiles", "low": 1, "high": 99}
AUXILIARY = {"columns": ["diameter"]}


def recipe(labels: Mapping[str, object], **training: object) -> Recipe:
    tree = {
        "labels": labels,
        "input": {"dims": 2, "region": "whole", "size": [32, 32], "intensity": INTENSITY},
        "training": training,
    }
    return parse_recipe(tree, "test")


def drawn(monkeypatch: pytest.MonkeyPatch, *values: object) -> Axes:
    """The axes of the figure that these values make."""
    seen: list[Axes] = []
    real = curves_module.png

    def listening(figure: object) -> bytes:
        seen.extend(figure.axes)  # type: ignore[attr-defined]
        return real(figure)  # type: ignore[arg-type]

    monkeypatch.setattr(curves_module, "png", listening)
    curves_png(*values)  # type: ignore[arg-type]
    return seen[0]


def test_an_epoch_stands_at_its_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [EpochRecord(epoch, 1 / epoch, 1e-3, 1.0, 0.5) for epoch in (1, 2, 3)]
    axes = drawn(monkeypatch, [records], recipe({}))
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize(
    ("given", "axis", "dashed"),
    [
        (recipe({}), "cross-entropy", "dashed: validation part"),
        (recipe({}, loss="focal"), "focal loss", "dashed: validation part, cross-entropy"),
        (recipe({}, loss="focal", focal_gamma=0), "cross-entropy", "dashed: validation part"),
        (
            recipe({"kind": "multi_label"}),
            "binary cross-entropy of the labels",
            "dashed: validation part",
        ),
        (
            recipe({"kind": "multi_label"}, loss="focal"),
            "binary focal loss of the labels",
            "dashed: validation part, binary cross-entropy of the labels",
        ),
        (
            recipe({"kind": "ordinal"}),
            "binary cross-entropy of the grades",
            "dashed: validation part, cross-entropy",
        ),
        (
            recipe({"auxiliary": AUXILIARY}),
            "cross-entropy + auxiliary error",
            "dashed: validation part, cross-entropy",
        ),
    ],
)
def test_the_axis_names_the_loss_of_the_recipe(
    monkeypatch: pytest.MonkeyPatch, given: Recipe, axis: str, dashed: str
) -> None:
    axes = drawn(monkeypatch, [[EpochRecord(1, 0.7, 1e-3, 1.0, 0.6)]], given)
    assert axes.get_ylabel() == axis
    assert dashed in axes.get_title(loc="left").splitlines()
    assert "dashed" not in drawn(monkeypatch, [[EpochRecord(1, 0.7, 1e-3, 1.0)]], given).get_title(loc="left")


def test_curves_differ_with_the_losses_and_allow_one_epoch_or_none() -> None:
    falling = [EpochRecord(epoch, 1 / epoch, 1e-3, 1.0, 0.5) for epoch in range(1, 6)]
    plain = recipe({})
    assert curves_png([falling, falling], plain) != curves_png([falling, falling[:3]], plain)
    assert curves_png([falling], plain) == curves_png([falling], plain)
    for few in ([falling[:1], []], []):
        image = Image.open(io.BytesIO(curves_png(few, plain)))
        assert image.format == "PNG"
        assert image.size[0] > 600
