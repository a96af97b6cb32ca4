"""Does the ledger keep what it was given, whole, private, and for one package?"""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from medidense.batch.ledger import Ledger, Unit, open_ledger
from medidense.errors import RunError, WriteError
from medidense.values import Score

UNIT = Unit("/scans/a", "1.2", "k1")
ROWS = [
    Score("a", "1", "1.2", "L1", scores={"b": 0.1 + 0.2, "m": 0.7}, decision="m", seconds=0.25),
    Score("a", "1", "1.2", "L2"),
]


def lines(ledger: Ledger) -> list[tuple[str, str]]:
    return [(score.input, score.lesion_id) for score in ledger.rows()]


def test_rows_come_back_as_they_were_and_only_for_their_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(path, "d") as ledger:
        ledger.store(UNIT, ROWS)
    with open_ledger(path, "d") as ledger:
        assert ledger.rows_of(UNIT) == ROWS
        assert ledger.rows_of(replace(UNIT, key="k2")) == []
        assert ledger.rows_of(replace(UNIT, part="1.3")) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_new_rows_of_a_unit_take_the_place_of_all_its_old_ones(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.db", "d") as ledger:
        ledger.store(UNIT, ROWS)
        ledger.store(replace(UNIT, place="/scans/b"), [replace(ROWS[0], input="b")])
        ledger.store(replace(UNIT, key="k2"), [replace(ROWS[0], lesion_id="L3")])
        assert lines(ledger) == [("a", "L3"), ("b", "L1")]


def test_a_unit_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.db", "d") as ledger:
        ledger.store(UNIT, ROWS)
    with pytest.raises(WriteError), open_ledger(tmp_path / "ledger.db", "d") as ledger:
        ledger.store(replace(UNIT, key="k2"), [ROWS[0], ROWS[0]])
    with open_ledger(tmp_path / "ledger.db", "d") as ledger:
        assert ledger.rows_of(UNIT) == ROWS


def test_rows_are_sorted_by_bytes(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.db", "d") as ledger:
        for name in ("b", "é", "B", "a"):
            ledger.store(Unit(name, "", "k"), [Score(name)])
        assert [name for name, _ in lines(ledger)] == ["B", "a", "b", "é"]


def test_another_package_is_refused_by_both_digests(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger.db", "aaa"):
        pass
    with pytest.raises(RunError, match="aaa there, bbb given"), open_ledger(tmp_path / "ledger.db", "bbb"):
        pass


def test_a_ledger_that_cannot_be_used_is_a_write_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all" * 100)
    (tmp_path / "file").touch()
    for path in (tmp_path / "ledger.db", tmp_path / "file" / "ledger.db"):
        with pytest.raises(WriteError), open_ledger(path, "d"):
            pass
    later = tmp_path / "later.db"
    with sqlite3.connect(later) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(WriteError, match="ledgers of version 1; found 2"), open_ledger(later, "d"):
        pass


def test_a_loose_unit_met_no_more_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    loose = [Unit(place, "no", "k", loose=True) for place in ("/scans/a", "/scans/b", "/scans2/c")]
    with open_ledger(path, "d") as ledger:
        ledger.store(UNIT, ROWS)
        for unit in loose:
            ledger.store(unit, [Score(unit.place)])
    with open_ledger(path, "d") as ledger:
        ledger.meet(loose[0])
        ledger.meet(loose[0])
        ledger.forget_unmet("/scans")
        assert [name for name, _ in lines(ledger)] == ["/scans/a", "/scans2/c", "a", "a"]


def test_looking_does_not_touch_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(path, "d") as ledger:
        ledger.store(UNIT, ROWS)
    before = path.stat().st_mtime_ns
    with open_ledger(path, "d") as ledger:
        ledger.meet(replace(UNIT, loose=True))
        assert len(lines(ledger)) == 2
        ledger.forget_unmet("/scans")
    assert path.stat().st_mtime_ns == before
