"""The whole chain, as `make demo` runs it."""

import json
from pathlib import Path

import pytest

from medidense import verbs
from medidense.errors import OutputExistsError


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_signal_it_is_found_and_without_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    real, shuffled = verbs.demo(), verbs.demo(shuffle_labels=True)
    assert real.auroc.value is not None
    assert real.auroc.value >= 0.90
    assert shuffled.auroc.low is not None
    assert shuffled.auroc.low <= 0.5
    assert real.scored > 0
    tree = real.to_json()
    assert json.loads(json.dumps(tree)) == tree
    assert Path("mlruns/mlflow.db").is_file()


def test_a_folder_in_other_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("x")
    with pytest.raises(OutputExistsError):
        verbs.demo(out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
