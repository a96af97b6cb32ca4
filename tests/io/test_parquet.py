import stat

import pyarrow.parquet
import pytest

from medidense.errors import WriteError
from medidense.io import parquet
from medidense.io.parquet import write_parquet


def rows_of(path):
    return [tuple(row.values()) for row in pyarrow.parquet.read_table(path).to_pylist()]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_rows_come_back_in_order_over_several_groups(tmp_path, monkeypatch, count):
    monkeypatch.setattr(parquet, "TOGETHER", 3)
    rows = [(str(number), "", 'a "b", ü\n') for number in range(count)]
    write_parquet(tmp_path / "a.parquet", ["one", "two", "three"], iter(rows))
    table = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet")
    assert table.schema_arrow.names == ["one", "two", "three"]
    assert {str(kind) for kind in table.schema_arrow.types} == {"string"}
    assert table.num_row_groups == (count + 2) // 3
    assert rows_of(tmp_path / "a.parquet") == rows


def test_a_name_that_is_no_text_gets_backslashes(tmp_path):
    write_parquet(tmp_path / "a", ["path"], [["scan\udcff.nii"]])
    assert rows_of(tmp_path / "a") == [("scan\\udcff.nii",)]


def test_the_file_is_private_unless_said_otherwise(tmp_path):
    write_parquet(tmp_path / "a", ["x"], [["1"]])
    write_parquet(tmp_path / "b", ["x"], [["1"]], mode=0o644)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o644


def test_it_is_written_whole_or_not_at_all(tmp_path):
    write_parquet(tmp_path / "a", ["x"], [["old"]])

    def broken():
        yield ["new"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_parquet(tmp_path / "a", ["x"], broken())
    assert rows_of(tmp_path / "a") == [("old",)]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(WriteError):
        write_parquet(tmp_path / "a" / "below", ["x"], [])
