import gc
import os
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medidense.io.guarded.ring import SIZE, SLOT, Draft, Ring, create, pieces, receive_arrays, send_arrays
from medidense.io.guarded.wire import encode, send

BYTE = np.dtype("u1")


@pytest.fixture
def memory():
    descriptor = create()
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def resident():
    """Bytes of memory that this process really has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sent(pair, memory, drafts, arrays):
    """Send drafts from a thread with its own view of the ring, and receive them here."""
    one, other = pair
    thread = threading.Thread(target=send_arrays, args=(one, Ring(memory), drafts))
    thread.start()
    receive_arrays(other, Ring(memory), arrays, 20.0)
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(BlockingIOError):  # nothing is left that the next reader would take for its own
        one.recv(1, socket.MSG_DONTWAIT)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((), "<f8"),
        ((0, 3), "<i2"),
        ((SLOT - 1,), "u1"),
        ((SLOT,), "u1"),
        ((SLOT + 1,), "u1"),
        ((100, 99, 500), ">i2"),
        ((3, 700_001), "<c8"),
    ],
)
def test_arrays_arrive_as_they_were(pair, memory, shape, dtype):
    kind = np.dtype(dtype)
    drafts = [Draft(shape, kind), Draft((2, 3), BYTE), Draft(shape, kind)]
    values = np.random.default_rng(1)
    for draft in drafts:
        draft.array[...] = values.integers(0, 100, draft.array.shape)
    copies = [draft.array.copy() for draft in drafts]
    arrays = [np.empty(draft.array.shape, draft.array.dtype, order="F") for draft in drafts]
    sent(pair, memory, drafts, arrays)
    for copy, array in zip(copies, arrays, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_ring_serves_again_and_again(pair, memory):
    for size in (1, SLOT, 5 * SLOT, 2 * SLOT, 3):
        draft, array = Draft((size,), BYTE), np.zeros(size, BYTE)
        draft.array[...] = 1
        sent(pair, memory, [draft], [array])
        assert array.all()


@given(st.lists(st.integers(0, 3), max_size=3), st.sampled_from(["u1", "<i2", "<f8"]))
def test_pieces_are_all_of_an_array_in_order(shape, dtype):
    array = np.asfortranarray(np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype))
    found = list(pieces(array))
    assert b"".join(piece.tobytes() for _, piece in found) == array.tobytes(order="F")
    assert [start for start, _ in found] == [SLOT * n for n in range(len(found))]


def test_a_draft_is_zeros_in_fortran_order_and_ends_with_its_last_view():
    draft = Draft((64 << 20,), BYTE)
    assert not draft.array[::4096].any()
    draft.array[...] = 1
    full = resident()
    view = draft.array[:5]
    del draft
    gc.collect()
    assert view.tolist() == [1] * 5
    del view
    gc.collect()
    assert resident() < full - (60 << 20)
    assert Draft((2, 3), np.dtype("<i4")).array.strides == (4, 8)


def test_what_was_sent_is_given_back(pair, memory):
    draft, array = Draft((8 * SLOT,), BYTE), np.zeros(8 * SLOT, BYTE)
    draft.array[...] = 1
    full = resident()
    sent(pair, memory, [draft], [array])
    assert array.all()
    assert not draft.array.any()  # it is new memory, of zeros
    assert resident() < full + 4 * SLOT


@pytest.mark.parametrize("size", [1 << 60, 1 << 70])
def test_no_address_space_is_a_memory_error(size):
    with pytest.raises(MemoryError):
        Draft((size,), BYTE)


def test_the_size_of_a_ring_is_sealed(memory):
    with pytest.raises(PermissionError):
        os.ftruncate(memory, SIZE - 4096)


def test_a_ring_needs_no_open_file_of_its_maker(open_files):
    before = open_files()
    descriptor = create()
    os.close(descriptor)
    assert open_files() == before


def test_without_memfd_an_unnamed_file_serves(monkeypatch, pair):
    monkeypatch.setattr("sys.platform", "darwin")
    descriptor = create()
    draft, array = Draft((5,), BYTE), np.zeros(5, BYTE)
    draft.array[...] = 7
    sent(pair, descriptor, [draft], [array])
    os.close(descriptor)
    assert array.tolist() == [7] * 5


def test_anything_but_a_piece_is_refused(pair, memory):
    one, other = pair
    send(one, encode("answer", None))
    with pytest.raises(ValueError, match="no piece"):
        receive_arrays(other, Ring(memory), [np.zeros(5, BYTE)], 5.0)


def test_a_piece_must_come_in_time(pair, memory):
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        receive_arrays(pair[1], Ring(memory), [np.zeros(5, BYTE)], 0.05)
    assert time.monotonic() - start < 10
