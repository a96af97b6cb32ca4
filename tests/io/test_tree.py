import os

import pytest

from medidense.io.guard import Limits
from medidense.io.tree import files_below, walk
from medidense.values import Refused


def test_files_come_in_the_order_of_their_bytes(tmp_path):
    for name in ("b", "B", "a/z", "a/é", "aa", "10", "9"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = [os.path.relpath(path, tmp_path) for path in files_below(tmp_path)]
    assert found == ["10", "9", "B", "a/z", "a/é", "aa", "b"]


def test_links_inside_are_passed_over_and_links_out_refused(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "a").write_text("x")
    (inside / "b").symlink_to(inside / "a")
    (inside / "up").symlink_to(inside)
    assert list(files_below(inside)) == [inside / "a"]
    (inside / "c").symlink_to(outside)
    with pytest.raises(Refused, match="NO_ACCESS"):
        list(files_below(inside))
    assert [one for one in walk(inside) if not isinstance(one, Refused)] == [inside / "a"]


def test_folders_too_deep_and_folders_that_are_none(tmp_path):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    with pytest.raises(Refused, match="BOMB"):
        list(files_below(tmp_path, Limits(folder_depth=2)))
    with pytest.raises(Refused, match="NO_ACCESS"):
        list(files_below(tmp_path / "absent"))
