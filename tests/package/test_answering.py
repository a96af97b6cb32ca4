"""An item ends in an answer, a refusal or a failure that names no patient."""

from medidense.package import Stopped, attempt, lasting
from medidense.values import Refused, Score


def refuse() -> int:
    raise Refused("EMPTY", "a.dcm", "0 bytes", "an image", "copy it again")


def fail() -> int:
    raise RuntimeError("MILLER^ANNA")


def test_each_end_of_an_attempt() -> None:
    assert attempt(lambda: 3) == 3
    no, broken = attempt(refuse), attempt(fail)
    assert isinstance(no, Stopped)
    assert (no.status, no.code) == ("refused", "EMPTY")
    assert isinstance(broken, Stopped)
    assert broken.told()["status"] == "failed"
    assert "RuntimeError" in broken.sentence
    assert "MILLER" not in broken.sentence


def test_what_lasts_of_rows_is_not_their_time() -> None:
    one, other = Score("a", lesion_id="1", seconds=3.0), Score("a", lesion_id="0", seconds=1.0)
    assert lasting([one, other]) == lasting([other, Score("a", lesion_id="1", seconds=9.0)])
