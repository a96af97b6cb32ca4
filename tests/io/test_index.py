import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import nibabel
import pytest
from pydicom import dcmread

from medidense.errors import WriteError
from medidense.io import catalogued, cataloguing, write_series
from medidense.io.index import folder_of, open_index, read_index
from medidense.values import ReadOptions


@pytest.fixture
def tree(tmp_path, ct):
    for number in range(3):
        write_series(ct, tmp_path / "tree" / f"s{number}", patient=f"invented {number}", seed=number)
    (tmp_path / "tree" / "README").write_text("x")
    return tmp_path / "tree"


@pytest.fixture
def looked(monkeypatch):
    """The paths that workers were asked to look at, and the series they put together."""
    asked = {"look": [], "assemble": []}
    real = cataloguing.call_each

    def listening(task, items, *, where, limits):
        def heard():
            for item in items:
                asked[task] += item["paths"] if task == "look" else [one["series"] for one in item["series"]]
                yield item

        return real(task, heard(), where=where, limits=limits)

    monkeypatch.setattr(cataloguing, "call_each", listening)

    def since():
        found = {name: list(values) for name, values in asked.items()}
        for values in asked.values():
            values.clear()
        return found

    return since


def scan(tree, index):
    with catalogued([tree], index=index) as found:
        return list(found.entries())


def test_an_unchanged_tree_is_not_looked_at_again(tree, tmp_path, looked):
    first = scan(tree, tmp_path / "a.index")
    assert len(looked()["look"]) == 10
    assert scan(tree, tmp_path / "a.index") == first
    assert looked() == {"look": [], "assemble": []}


def test_only_what_changed_is_looked_at(tree, tmp_path, looked):
    scan(tree, tmp_path / "a.index")
    looked()
    file = sorted((tree / "s1").iterdir())[0]
    file.write_bytes(file.read_bytes()[:-3])
    entries = scan(tree, tmp_path / "a.index")
    asked = looked()
    assert asked["look"] == [str(file)]
    assert len(asked["assemble"]) == 1
    assert [entry.state for entry in entries if entry.kind] == ["volume", "refused", "volume"]


def test_a_series_that_loses_or_gets_a_file_is_made_anew(tree, tmp_path, looked):
    scan(tree, tmp_path / "a.index")
    files = sorted((tree / "s2").iterdir())
    kept = files[0].read_bytes()
    files[0].unlink()
    fewer = scan(tree, tmp_path / "a.index")
    assert sorted(entry.files for entry in fewer if entry.kind) == [2, 3, 3]
    files[0].write_bytes(kept)
    assert [entry.files for entry in scan(tree, tmp_path / "a.index") if entry.kind] == [3, 3, 3]


def test_a_series_whose_folder_gets_another_one_must_be_chosen(tree, tmp_path):
    scan(tree, tmp_path / "a.index")
    for file in (tree / "s1").iterdir():
        shutil.copy(file, tree / "s0" / f"other-{file.name}")
    shutil.rmtree(tree / "s1")
    entries = scan(tree, tmp_path / "a.index")
    noted = [entry for entry in entries if "give the series UID" in entry.note]
    assert len(noted) == 2
    assert {entry.path for entry in noted} == {str(tree / "s0")}


def test_what_is_gone_leaves_no_entry(tree, tmp_path):
    scan(tree, tmp_path / "a.index")
    shutil.rmtree(tree / "s0")
    (tree / "README").unlink()
    assert len(scan(tree, tmp_path / "a.index")) == 2


def test_another_question_makes_other_entries_of_known_files(tree, tmp_path, looked, monkeypatch):
    scan(tree, tmp_path / "a.index")
    looked()
    monkeypatch.chdir(tree.parent)
    entries = scan(tree.relative_to(tree.parent), tmp_path / "a.index")
    assert all(not entry.path.startswith("/") for entry in entries)
    assert len([entry for entry in entries if entry.kind]) == 3


def test_one_broken_file_and_one_deadly_batch_stop_nothing(tree, tmp_path, monkeypatch):
    (tree / "bad.nii.gz").write_bytes(b"no")
    real = cataloguing.call_each

    def deadly(task, items, *, where, limits):
        from medidense.values import Refused

        for answer in real(task, items, where=where, limits=limits):
            yield answer if task != "look" else Refused("POISON", "x", "killed", "an answer", "check it")

    monkeypatch.setattr(cataloguing, "call_each", deadly)
    entries = scan(tree, None)
    assert sorted(entry.state for entry in entries) == ["refused", "skipped", "volume", "volume", "volume"]


def test_names_that_are_no_utf8(tree, tmp_path):
    name = os.fsencode(tree / "s0") + b"/\xff\xfe.dcm"
    sorted((tree / "s0").iterdir())[0].rename(os.fsdecode(name))
    assert sum(entry.state == "volume" for entry in scan(tree, tmp_path / "a.index")) == 3


def test_an_index_of_another_kind_or_place(tmp_path):
    (tmp_path / "no.index").write_text("no database at all, " * 100)
    with pytest.raises(WriteError), open_index(tmp_path / "no.index"):
        pass
    with pytest.raises(WriteError), open_index(tmp_path / "no.index" / "below"):
        pass
    with open_index(tmp_path / "new.index"):
        assert (tmp_path / "new.index").stat().st_mode & 0o777 == 0o600


def test_the_folder_of_a_path():
    assert folder_of(b"/a/b") == b"/a"
    assert folder_of(b"a") == b"."


def fresh(*roots):
    with catalogued(list(roots)) as found:
        return list(found.entries())


def test_other_roots_and_their_order_give_what_a_fresh_scan_gives(tree, tmp_path):
    index = tmp_path / "a.index"
    for roots in ([tree / "s0", tree / "s1"], [tree / "s1"], [tree / "s1", tree / "s0"], [tree, tree / "s1"]):
        with catalogued(roots, index=index) as found:
            assert list(found.entries()) == fresh(*roots)


@pytest.mark.parametrize("stage", ["_look_at_unknown", "_put_together"])
def test_a_scan_that_was_killed_goes_on_to_what_a_fresh_scan_finds(tree, tmp_path, monkeypatch, stage):
    index = tmp_path / "a.index"
    scan(tree, index)
    for file in (tree / "s1").iterdir():
        file.rename(tree / "s0" / f"moved-{file.name}")
    with monkeypatch.context() as killed:
        killed.setattr(cataloguing, stage, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            scan(tree, index)
    assert scan(tree, index) == fresh(tree)


def test_a_database_of_another_program_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "c.csv.index")) as other:
        other.execute("CREATE TABLE theirs(a)")
        other.commit()
    with pytest.raises(WriteError, match="another program"), open_index(tmp_path / "c.csv.index"):
        pass
    with closing(sqlite3.connect(tmp_path / "c.csv.index")) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_images_without_a_series_uid_and_series_of_broken_files_alone_are_listed(tree):
    for path in (tree / "s0").iterdir():
        found = dcmread(path)
        del found.SeriesInstanceUID
        found.save_as(path)
    for path in (tree / "s1").iterdir():
        path.write_bytes(path.read_bytes()[:-5])
    entries = [entry for entry in scan(tree, None) if entry.kind]
    assert sorted(entry.state for entry in entries) == ["refused", "volume", "volume"]
    (broken,) = [entry for entry in entries if entry.refusal]
    assert (broken.refusal.code, broken.files, bool(broken.series_uid)) == ("TRUNCATED", 3, True)


def test_a_nifti_pair_depends_on_both_its_files(tmp_path, ct):
    (tmp_path / "p").mkdir()
    nibabel.save(nibabel.Nifti1Pair(ct.array, ct.affine), tmp_path / "p" / "x.img")
    voxels = (tmp_path / "p" / "x.img").read_bytes()
    assert "volume" in [entry.state for entry in scan(tmp_path / "p", tmp_path / "a.index")]
    (tmp_path / "p" / "x.img").unlink()
    assert [entry.state for entry in scan(tmp_path / "p", tmp_path / "a.index")] == ["refused"]
    (tmp_path / "p" / "x.img").write_bytes(voxels)
    assert scan(tmp_path / "p", tmp_path / "a.index") == fresh(tmp_path / "p")


def test_two_scans_never_write_one_index(tmp_path):
    other = (
        "import sys\nfrom pathlib import Path\nfrom medidense.io.index import open_index, read_index\n"
        "for door in (open_index, read_index):\n"
        "    try:\n        door(Path(sys.argv[1])).__enter__()\n"
        "    except Exception as error:\n        print(error.exit_code, type(error).__name__)\n"
    )
    index = tmp_path / "a.index"

    def told():
        done = subprocess.run(
            [sys.executable, "-c", other, str(index)], check=True, capture_output=True, text=True
        )
        return done.stdout.splitlines()

    with open_index(index):
        assert told() == ["75 LockedError"] * 2
    assert told() == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.index"]


def test_many_read_an_index_at_once_and_leave_nothing_beside_it(tree, tmp_path):
    entries = scan(tree, tmp_path / "a.index")
    with read_index(tmp_path / "a.index") as one, read_index(tmp_path / "a.index") as two:
        assert list(one.entries()) == list(two.entries()) == entries
        assert one.counts() == {"volume": 3, "skipped": 1}
        assert one.series() == sorted(entry.series_uid for entry in entries if entry.series_uid)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.index"]


def test_other_options_look_at_the_files_again(tree, tmp_path, looked):
    scan(tree, tmp_path / "a.index")
    looked()
    for options, again in ((ReadOptions(guess_syntax=True), 10), (ReadOptions(allow_tilt=True), 10)):
        with catalogued([tree], index=tmp_path / "a.index", options=options) as found:
            assert found.counts()["volume"] == 3
        assert len(looked()["look"]) == again
    with catalogued(
        [tree], index=tmp_path / "a.index", options=ReadOptions(allow_tilt=True, fill=0.0)
    ) as found:
        assert found.counts()["volume"] == 3
    asked = looked()
    assert (len(asked["look"]), len(asked["assemble"])) == (1, 3)  # the README has an entry of its own
