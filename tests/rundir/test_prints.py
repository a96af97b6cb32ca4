"""The digests of a run's images, to a file and back."""

from pathlib import Path

import pytest

from medidense.errors import RunError
from medidense.rundir import RunDir, read_prints, write_prints


def test_prints_come_back_and_lie_private(tmp_path: Path) -> None:
    path = RunDir(tmp_path).prints_path
    assert read_prints(path) is None
    write_prints({"b.nii.gz#L1": "ff", "a,b.nii.gz": "00"}, path)
    assert read_prints(path) == {"a,b.nii.gz": "00", "b.nii.gz#L1": "ff"}
    assert path.read_text().splitlines()[0] == "sample,image_sha256"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = RunDir(tmp_path).prints_path
    path.write_text("sample\nx\n")
    with pytest.raises(RunError):
        read_prints(path)
