import stat

import pytest

from medidense.errors import CohortError
from medidense.io import read_table, write_table


def test_rows_know_their_lines_and_cells_stay_as_typed(tmp_path):
    path = tmp_path / "c.csv"
    rows = ["subject_id, image ,label", 'P1, a.nii ,"x, y"', "", ",,", 'P2,"two\nlines",', "P3,b,1", ""]
    path.write_bytes("\ufeff".encode() + "\r\n".join(rows).encode())
    table = read_table(path)
    assert table.columns == ("subject_id", "image", "label")
    assert [(row.line, dict(row.cells)) for row in table.rows] == [
        (2, {"subject_id": "P1", "image": " a.nii ", "label": "x, y"}),
        (5, {"subject_id": "P2", "image": "two\nlines", "label": ""}),
        (7, {"subject_id": "P3", "image": "b", "label": "1"}),
    ]


def test_lines_are_counted_below_a_header_of_two_lines(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text('a,"b\n(mm)"\n1,2\n')
    assert [row.line for row in read_table(path).rows] == [3]


@pytest.mark.parametrize(
    ("content", "where", "found"),
    [
        (b"", "c.csv", "0 bytes"),
        (b" \n\n", "c.csv", "3 bytes"),
        ("a,b\n1,2\n".encode("utf-16"), "c.csv", "UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "c.csv line 1", "NUL"),
        (b"a,b\n1,\0\n", "c.csv line 2", "NUL"),
        ("a,b\n1,Müller\n".encode("latin-1"), "c.csv line 2", "0xfc"),
        (b"a;b\n1;2\n", "c.csv line 1", "semicolons"),
        (b"a\tb\n1\t2\n", "c.csv line 1", "tabs"),
        (b"a,a\n1,2\n", "c.csv line 1", "a"),
        (b"a,\n1,2\n", "c.csv line 1", "none for column 2"),
        (b"a,b\n", "c.csv", "none"),
        (b"a,b\n,\n", "c.csv", "none"),
        (b'a,b\n"1,2\n', "c.csv line 2", "unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, content, where, found):
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(CohortError) as caught:
        read_table(path)
    (problem,) = caught.value.problems
    assert problem.where == f"{tmp_path}/{where}"
    assert found in problem.found
    assert problem.next_step


def test_every_ragged_row_is_a_line(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("a,b\n1\n1,2\n1,2,3\n")
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert [problem.where.split()[-1] for problem in caught.value.problems] == ["2", "4"]


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(CohortError, match="readable"):
            read_table(path)


def test_what_is_written_is_read_back_and_private(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, ["a", "b"], [("1", 'x, "y"'), ("", "2\n3")])
    assert path.read_bytes().startswith(b"a,b\n1,")
    assert b"\r" not in path.read_bytes()
    assert [dict(row.cells) for row in read_table(path).rows] == [
        {"a": "1", "b": 'x, "y"'},
        {"a": "", "b": "2\n3"},
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="2 columns"):
        write_table(path, ["a", "b"], [("1",)])
