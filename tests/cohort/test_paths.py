"""Paths stay in the folder of the CSV unless they are absolute."""

import os

import pytest

from medidense.cohort.paths import Fault, Located, locate


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "study"
    (inside / "images").mkdir(parents=True)
    (inside / "images/a.nii").touch()
    (tmp_path / "out.nii").touch()
    return inside.resolve()


def rule(cell, folder, folder_allowed=True):
    found = locate(cell, folder, folder_allowed=folder_allowed)
    assert isinstance(found, Fault)
    return found.rule


def test_inside(folder):
    found = locate("images/../images/a.nii", folder, folder_allowed=False)
    assert isinstance(found, Located)
    assert found.real == (folder / "images/a.nii").resolve()
    assert isinstance(locate("images", folder, folder_allowed=True), Located)


def test_absolute_paths_go_anywhere(folder):
    outside = str(folder.parent / "out.nii")
    assert locate(outside, folder, folder_allowed=False) == Located(
        folder.parent / "out.nii", folder.parent / "out.nii"
    )


@pytest.mark.parametrize("cell", ["../out.nii", "images/../../out.nii", "../nowhere.nii"])
def test_parent_folders_are_outside(folder, cell):
    assert rule(cell, folder) == "the path leaves the folder of the CSV"


def test_links_are_followed(folder):
    (folder / "in.nii").symlink_to(folder / "images/a.nii")
    (folder / "door").symlink_to(folder.parent)
    assert isinstance(locate("in.nii", folder, folder_allowed=False), Located)
    assert rule("door/out.nii", folder) == "the path leaves the folder of the CSV"


def test_a_circle_of_links_is_a_fault(folder):
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    assert "cannot be followed" in rule("one", folder) or "no such file" in rule("one", folder)


def test_names_that_the_system_refuses(folder):
    assert rule("a" * 5000, folder) == "the path cannot be followed (file name too long)"


def test_a_device_or_pipe_is_no_file(folder):
    os.mkfifo(folder / "pipe")
    assert rule("pipe", folder) == "no such file or folder"
