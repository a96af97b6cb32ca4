import os
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.io.guarded import wire
from medidense.io.guarded.wire import LENGTH, Message, decode, encode, receive, send


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


texts = st.text(st.characters(codec=None))
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(st.text(), jsons)
def test_a_message_comes_out_as_it_went_in(kind, body):
    assert decode(encode(kind, body)) == Message(kind, body)


def test_messages_come_one_after_the_other(pair):
    one, other = pair
    send(one, encode("first", os.fsdecode(b"\xff.dcm")) + encode("second", None))
    assert receive(other) == Message("first", "\udcff.dcm")
    assert receive(other) == Message("second", None)


def test_a_long_message_comes_whole(pair):
    one, other = pair
    body = "x" * (3 << 20)
    thread = threading.Thread(target=send, args=(one, encode("long", body)))
    thread.start()
    assert receive(other, time.monotonic() + 20).body == body
    thread.join()


def test_a_file_that_comes_along_is_not_taken(pair, open_files):
    one, other = pair
    before = open_files()
    for _ in range(5):
        socket.send_fds(one, [encode("gift", None)], [one.fileno()])
        receive(other)
    assert open_files() == before


def test_too_long_is_said_on_both_sides(pair, monkeypatch):
    one, other = pair
    long = encode("x", "y" * 100)
    monkeypatch.setattr(wire, "CEILING", 50)
    with pytest.raises(OverflowError, match="at most 50"):
        encode("x", "y" * 100)
    one.sendall(long)
    with pytest.raises(ValueError, match="at most 50"):
        receive(other)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'["a"]', b"[1, 2]", b"5", b'["a", 1, 2]', b"\xff"])
def test_what_is_no_message_is_a_value_error(pair, text):
    one, other = pair
    one.sendall(LENGTH.pack(len(text)) + text)
    with pytest.raises(ValueError, match=r"[a-z]"):
        receive(other)


@pytest.mark.parametrize("sent", [b"", b"\0\0", encode("a", None)[:-1]])
def test_a_peer_that_goes_is_the_end(pair, sent):
    one, other = pair
    one.sendall(sent)
    one.close()
    with pytest.raises(EOFError):
        receive(other)


def test_time_is_kept_but_what_is_there_is_read(pair):
    one, other = pair
    with pytest.raises(TimeoutError):
        receive(other, time.monotonic() + 0.01)
    with pytest.raises(TimeoutError):
        receive(other, time.monotonic() - 5)
    send(one, encode("late", None))
    assert receive(other, time.monotonic() - 5) == Message("late", None)
