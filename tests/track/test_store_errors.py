import shutil
import sqlite3
from pathlib import Path

import pytest

from medidense.errors import WriteError
from medidense.rundir import RunDir
from medidense.track import log_cross_validation, promote_version
from medidense.track.store_errors import sentence


@pytest.mark.parametrize(
    ("revision", "words", "not_words"),
    [
        ("ffffffffffff", "newer MLflow than the one here: update it (pip", "db upgrade"),
        (
            "451aebb31d03",
            "older MLflow than the one here: copy its database, then run mlflow db upgrade",
            "pip",
        ),
    ],
)
def test_a_store_of_another_mlflow_is_told_with_what_to_do(
    run: RunDir, store: Path, tmp_path: Path, revision: str, words: str, not_words: str
) -> None:
    shutil.copy(store, tmp_path / "kept.db")
    with sqlite3.connect(store) as base:
        base.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    problem = log_cross_validation(run, working=tmp_path, command="medidense cv").problem
    with pytest.raises(WriteError) as told:
        promote_version("nodules", "1", tmp_path)
    for said in (problem, str(told.value)):
        assert words in said
        assert not_words not in said
        assert "start the server" not in said


def test_a_long_error_is_cut_visibly() -> None:
    assert sentence("x " * 400).endswith(" …")
    assert len(sentence("x " * 400)) <= 300
