"""Nothing of the user's is taken for markup."""

import pytest

from medidense.pages.markup import Html, figure, pairs, table, tag


def test_only_html_is_put_in_as_it_is() -> None:
    assert tag("p", "<b>", Html("<i></i>")) == "<p>&lt;b&gt;<i></i></p>"
    assert tag("a", "x", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    assert table([("a",), ("<td>",)]) == "<table><tr><th>a</th></tr><tr><td>&lt;td&gt;</td></tr></table>"
    assert "&lt;k&gt;" in pairs({"<k>": "v"})
    assert "left out" not in pairs({"left out": ""})
    image = '<img alt="&quot;quote" src="data:image/png;base64,eA==">'
    assert figure(b"x", '"quote', "<c>") == f"<figure>{image}<figcaption>&lt;c&gt;</figcaption></figure>"


@pytest.mark.parametrize("value", [3, 0.5, None])
def test_values_that_are_no_text_are_written(value: object) -> None:
    assert tag("td", value) == f"<td>{value}</td>"
