"""Whom does a picture show?"""

from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import read_shown, write_shown


def test_what_was_written_is_read_and_no_file_tells_of_nobody(tmp_path: Path) -> None:
    target = tmp_path / "shown.csv"
    assert read_shown(target) == {}
    write_shown({"TP_0": 'a,"b"', "FN_0": "c"}, target)
    assert read_shown(target) == {"FN_0": "c", "TP_0": 'a,"b"'}
    assert target.stat().st_mode & 0o077 == 0
    assert target.read_text(encoding="utf-8").splitlines()[:2] == ["picture,sample", "FN_0,c"]


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shown.csv").write_text("picture,name\nTP_0,a\n")
    with pytest.raises(RunError, match=r"shown\.csv"):
        read_shown(tmp_path / "shown.csv")
