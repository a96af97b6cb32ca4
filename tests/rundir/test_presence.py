import os
import subprocess
import sys
from dataclasses import replace

from medidense.rundir import living, this_process
from medidense.rundir.presence import Presence


def test_this_process_lives_and_is_listed() -> None:
    here = this_process()
    assert here.pid == os.getpid()
    assert here.lives(here) is True
    assert here in set(living())


def test_a_process_that_has_ended_does_not_live_and_its_number_given_out_again_is_another() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other, here = this_process(child.pid), this_process()
    assert other.lives(here) is True
    child.kill()
    assert this_process(child.pid) in (Presence(), other)  # not yet waited for: it may still be dying
    child.communicate()
    assert other.lives(here) is False
    assert replace(here, started=here.started + 1).lives(here) is False


def test_what_cannot_be_seen_from_here_is_not_known() -> None:
    here = this_process()
    assert replace(here, machine="another").lives(here) is None
    assert replace(here, space="a container").lives(here) is None
    assert replace(here, space="a container", boot="before").lives(here) is False
    assert Presence().lives(here) is None
    assert here.lives(Presence()) is None


def test_no_name_of_the_machine_is_in_it() -> None:
    assert os.uname().nodename not in str(this_process())
