import io
import re

import numpy as np
from PIL import Image

from medidense.pages import Shown, benchmark_html, maps_png

RESULT = {
    "recipe": "cifar10 <fast>",
    "verdict": "FAIL: 12 % & less",
    "passed": False,
    "classes": ["cat", "dog"],
    "confusion": [[3, 1], [0, 0]],
    "machine": {"device": "cpu", "torch": "2"},
}
TABLES = {"Accuracy": [("network", "accuracy"), ("<b>net</b>", "12 %")]}


def test_the_page_holds_everything_and_needs_nothing_beside_it() -> None:
    page = benchmark_html([RESULT], TABLES, b"PNG")
    assert page.startswith("<!doctype html>")
    for words in (
        "cifar10 &lt;fast&gt;",
        "FAIL: 12 % &amp; less",
        "&lt;b&gt;net&lt;/b&gt;",
        "failed",
        "torch 2",
    ):
        assert words in page
    assert "<b>net" not in page
    assert re.findall(r'src="([^"]*)"', page) == ["data:image/png;base64,UE5H"]
    assert "http" not in page.replace("http-equiv", "")


def test_cells_of_the_matrix_are_shaded_by_their_share_of_the_row() -> None:
    page = benchmark_html([RESULT], TABLES, None)
    assert '0.562)">3</td>' in page
    assert '0.188)">1</td>' in page
    assert page.count('0.000)">0</td>') == 2
    assert "<img" not in page


def test_a_verdict_has_its_colour() -> None:
    for passed, word in ((True, "verdict passed"), (False, "verdict failed"), (None, 'class="verdict"')):
        assert word in benchmark_html([RESULT | {"passed": passed}], TABLES, None)


def test_pictures_beside_their_maps() -> None:
    image = np.full((8, 8, 3), 200, np.uint8)
    evidence = np.zeros((8, 8), np.float32)
    evidence[2, 3] = 1
    found = Image.open(io.BytesIO(maps_png([Shown(image, evidence, "cat 90%")] * 5)))
    assert found.format == "PNG"
    assert found.size == (1200, 380)
    empty = maps_png([Shown(image, np.zeros((8, 8), np.float32), "none")])
    assert Image.open(io.BytesIO(empty)).size == (1200, 190)
