"""The closed list of codes."""

import pytest

from medidense.values import CODES, Refusal


def test_a_code_beyond_the_list_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="NOPE"):
        Refusal("NOPE", "f", "a", "b", "c")


@pytest.mark.parametrize("code", CODES)
def test_the_sentence_holds_every_field_on_one_line(code: str) -> None:
    sentence = Refusal(code, "scan/1.dcm", "this\nhere", "that", "do it").sentence
    assert sentence.startswith(f"{code}: {CODES[code]}")
    assert all(part in sentence for part in ("this here", "that", "do it", "scan/1.dcm"))
    assert "\n" not in sentence
