import gc
import os
from pathlib import Path

import numpy as np
import pytest

from medidense.io.guarded.memory import create, mapped, size_of


def mappings():
    return Path("/proc/self/maps").read_text().count("memfd:medidense")


@pytest.fixture
def memory():
    descriptor = create(24)
    yield descriptor
    os.close(descriptor)


def test_two_mappings_are_one_memory(memory):
    one = mapped(memory, (2, 3), np.dtype("<i4"), shared=True)
    other = mapped(memory, (2, 3), np.dtype("<i4"), shared=False)
    one[...] = [[1, 2, 3], [4, 5, 6]]
    assert other.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (other.flags.f_contiguous, other.flags.writeable, other.strides) == (True, True, (4, 8))


def test_memory_ends_with_the_last_view(memory):
    before = mappings()
    array = mapped(memory, (24,), np.dtype("u1"), shared=True)
    view = array[3:].reshape(3, 7).T
    del array
    gc.collect()
    view[...] = 5
    assert mappings() == before + 1
    del view
    gc.collect()
    assert mappings() == before


def test_what_is_written_to_a_private_array_stays_there(memory):
    shared, private = (mapped(memory, (24,), np.dtype("u1"), shared=shared) for shared in (True, False))
    shared[...] = 1
    child = os.fork()
    if not child:
        private[...] = 9
        os._exit(int(private.sum() != 24 * 9))
    assert os.waitpid(child, 0)[1] == 0
    assert private.tolist() == [1] * 24
    private[...] = 5
    assert shared.tolist() == [1] * 24


def test_its_size_is_sealed(memory):
    for size in (0, 4096):
        with pytest.raises(PermissionError):
            os.ftruncate(memory, size)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,)])
def test_small_shapes(shape):
    kind = np.dtype("<f4")
    descriptor = create(size_of(shape, kind))
    array = mapped(descriptor, shape, kind, shared=True)
    os.close(descriptor)
    array[...] = 2
    assert array.shape == shape
    assert (array == 2).all()


def test_no_memory_is_a_memory_error(memory):
    with pytest.raises(MemoryError):
        create(1 << 63)
    with pytest.raises(MemoryError):
        mapped(memory, (1 << 60,), np.dtype("u1"), shared=True)


def test_without_memfd_an_unnamed_file_serves(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    descriptor = create(8)
    one, other = (mapped(descriptor, (8,), np.dtype("u1"), shared=True) for _ in range(2))
    os.close(descriptor)
    one[...] = 3
    assert other.tolist() == [3] * 8
