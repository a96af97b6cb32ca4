import contextlib
import os
import socket
import stat

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
    assert [one.path for one in walk(inside) if not isinstance(one, Refused)] == [str(inside / "a")]


def test_links_that_run_in_a_circle_are_passed_over(tmp_path):
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "there").symlink_to(tmp_path / "back")
    (tmp_path / "back").symlink_to(tmp_path / "there")
    (tmp_path / "a").write_text("x")
    assert list(files_below(tmp_path)) == [tmp_path / "a"]


def test_what_is_no_regular_file_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.dcm")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.dcm"))
        with contextlib.suppress(PermissionError):  # only root may make a device
            os.mknod(tmp_path / "zero.dcm", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        (tmp_path / "a").write_text("x")
        assert list(files_below(tmp_path)) == [tmp_path / "a"]


def nested(folder, depth, name="d"):
    """Folders in folders, made step by step, as no path of theirs may be longer than the system allows."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("a", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_folders_may_be_32_deep(tmp_path):
    (tmp_path / "well").mkdir()
    nested(tmp_path / "well", 32)
    assert len(list(files_below(tmp_path / "well"))) == 1
    (tmp_path / "deep").mkdir()
    nested(tmp_path / "deep", 33)
    with pytest.raises(Refused, match="BOMB"):
        list(files_below(tmp_path / "deep"))


def test_a_path_longer_than_4096_bytes_is_refused_and_the_walk_goes_on(tmp_path):
    (tmp_path / "z").write_text("x")
    nested(tmp_path, 25, "n" * 200)
    refused, last = walk(tmp_path)
    assert refused.refusal.code == "BOMB"
    assert "bytes" in refused.refusal.found
    assert (last.path, last.size) == (str(tmp_path / "z"), 1)
    limits = Limits(path_bytes=len(str(tmp_path / "z")))
    assert list(walk(tmp_path, limits))[-1] == last
    assert isinstance(list(walk(tmp_path, Limits(path_bytes=limits.path_bytes - 1)))[-1], Refused)


def test_folders_too_deep_and_folders_that_are_none(tmp_path):
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    with pytest.raises(Refused, match="BOMB"):
        list(files_below(tmp_path, Limits(folder_depth=2)))
    with pytest.raises(Refused, match="NO_ACCESS"):
        list(files_below(tmp_path / "absent"))
