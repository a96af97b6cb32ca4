"""The columns that a run keeps of its table."""

from pathlib import Path, PurePath

from medidense.rundir import read_groups, write_groups
from medidense.values import Sample


def test_known_columns_come_back_and_no_other(tmp_path: Path) -> None:
    samples = [
        Sample(2, "P1", "b.nii", PurePath("/b.nii"), "1", site="X", extra={"Sex": " F ", "name": "Ann"}),
        Sample(3, "P2", "a.nii", PurePath("/a.nii"), "0", extra={"Sex": "", "name": "Bob"}),
    ]
    write_groups(samples, tmp_path)
    assert read_groups(tmp_path) == {"a.nii": {"sex": "", "site": ""}, "b.nii": {"sex": "F", "site": "X"}}
    assert "Ann" not in (tmp_path / "groups.csv").read_text()


def test_a_table_without_them_leaves_no_file(tmp_path: Path) -> None:
    write_groups([Sample(2, "P1", "b.nii", PurePath("/b.nii"), "1")], tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert read_groups(tmp_path) == {}
