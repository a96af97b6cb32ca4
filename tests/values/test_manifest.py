"""A manifest names plain files only."""

import pytest
from pydantic import TypeAdapter, ValidationError

from medidense.values.manifest import FileName


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/passwd", "a/b.json", ".hidden", "A.json", "x", "c:\\x.json"]
)
def test_a_path_from_content_is_no_file_name(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(FileName).validate_python(name)


def test_plain_names_pass() -> None:
    assert TypeAdapter(FileName).validate_python("fold_0.safetensors") == "fold_0.safetensors"
