import pickle
from collections import OrderedDict

import numpy as np
import pytest

from medidense.benchmark.plain_pickle import read_plain

PLAIN = {
    "text": "αβ",
    "numbers": [0, 1, 255, 256, 70_000, -3, 2**40],
    "nested": {"list": [[], ["a"], ("x",), ("x", 1), ("x", 1, None), (1, 2, 3, 4), ()]},
    "flags": [True, False, None],
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_of_every_protocol(protocol: int) -> None:
    assert read_plain(pickle.dumps(PLAIN, protocol=protocol)) == PLAIN


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 1)])
def test_arrays_of_bytes(protocol: int, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) + 200
    found = read_plain(pickle.dumps({"data": array, "again": array}, protocol=protocol))
    assert isinstance(found, dict)
    assert found["data"].dtype == np.uint8
    np.testing.assert_array_equal(found["data"], array)
    assert found["again"].shape == shape


def test_bytes_of_python_2_and_of_python_3() -> None:
    assert read_plain(b"\x80\x02U\x03abc.") == "abc"
    assert read_plain(pickle.dumps(b"a\xffc", protocol=4)) == b"a\xffc"
    assert read_plain(pickle.dumps(b"a\xffc", protocol=2)) == b"a\xffc"


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("this must never be printed",)


@pytest.mark.parametrize(
    "thing",
    [Evil(), OrderedDict(a=1), {1, 2}, np.zeros(3), np.zeros(3, dtype=">u2"), 1.5, print, 1 + 2j],
    ids=lambda thing: type(thing).__name__,
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_else_is_read_or_run(
    thing: object, protocol: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        read_plain(pickle.dumps([thing], protocol=protocol))
    assert capsys.readouterr().out == ""


def test_names_by_way_of_text_are_no_names() -> None:
    sneaky = b"\x80\x02U\x07<array>U\x07<class>\x85R."
    with pytest.raises(ValueError, match="it has a call"):
        read_plain(sneaky)


def test_every_cut_of_a_pickle_is_an_error_and_none_other() -> None:
    whole = pickle.dumps({"data": np.arange(20, dtype=np.uint8), "labels": [1, 2, 3]}, protocol=2)
    for end in range(len(whole)):
        with pytest.raises(ValueError, match=r".+"):
            read_plain(whole[:end])


def test_every_changed_byte_is_an_error_of_ours_or_plain() -> None:
    whole = pickle.dumps({"data": np.arange(20, dtype=np.uint8), "labels": [1, 2, 3]}, protocol=2)
    for place in range(len(whole)):
        for value in (0, ord("R"), ord("c"), ord("b"), 0x93, 255):
            changed = whole[:place] + bytes([value]) + whole[place + 1 :]
            try:
                read_plain(changed)
            except ValueError:
                continue
