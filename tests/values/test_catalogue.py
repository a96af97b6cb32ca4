import shlex

from medidense.cli.options import settings
from medidense.values import Entry


def test_marks_are_said_as_pick_takes_them():
    marks = (("EchoTime", "4.6"), ("AcquisitionNumber", "2"))
    entry = Entry("a", "volume", marks=marks)
    assert entry.pick == "EchoTime=4.6 AcquisitionNumber=2"
    assert settings(entry.pick.split(), option="--pick") == dict(marks)
    assert Entry("a", "volume").pick == ""


def test_marks_with_blanks_can_be_pasted_into_a_shell():
    marks = (("ImageType", "ORIGINAL\\PRIMARY\\M ND"), ("Size", "a'b $HOME"))
    pasted = shlex.split(Entry("a", "volume", marks=marks).pick)
    assert settings(pasted, option="--pick") == dict(marks)
