import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medidense.io.guarded.memory import made, mapped

INT, BYTE = np.dtype("<i4"), np.dtype("u1")


def mappings():
    return Path("/proc/self/maps").read_text().count("memfd:medidense")


@pytest.fixture
def bytes24():
    array, descriptor = made((24,), BYTE)
    yield array, descriptor
    os.close(descriptor)


def test_the_array_shows_what_is_written_elsewhere():
    array, descriptor = made((2, 3), INT)
    other = mapped(descriptor, (2, 3), INT, shared=True)
    os.close(descriptor)
    assert array.tolist() == [[0, 0, 0], [0, 0, 0]]
    other[...] = [[1, 2, 3], [4, 5, 6]]
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    for one in (array, other):
        assert (one.flags.f_contiguous, one.flags.writeable, one.strides) == (True, True, (4, 8))


def test_what_its_owner_writes_stays_in_its_process(bytes24):
    array, descriptor = bytes24
    other = mapped(descriptor, (24,), BYTE, shared=True)
    other[...] = 1
    child = os.fork()
    if not child:
        array[...] = 9
        os._exit(int(array.sum() != 24 * 9))
    assert os.waitpid(child, 0)[1] == 0
    assert array.tolist() == [1] * 24
    array[...] = 5
    assert other.tolist() == [1] * 24


def test_memory_ends_with_the_last_view():
    before = mappings()
    array, descriptor = made((24,), BYTE)
    os.close(descriptor)
    view = array[3:].reshape(3, 7).T
    del array
    gc.collect()
    view[...] = 5
    assert mappings() == before + 1
    del view
    gc.collect()
    assert mappings() == before


def test_its_size_is_sealed(bytes24):
    for size in (0, 4096):
        with pytest.raises(PermissionError):
            os.ftruncate(bytes24[1], size)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,)])
def test_small_shapes(shape):
    array, descriptor = made(shape, INT)
    os.close(descriptor)
    array[...] = 2
    assert array.shape == shape
    assert (array == 2).all()


def test_no_memory_is_a_memory_error(bytes24, open_files):
    before = open_files()
    for size in (1 << 63, 1 << 60):
        with pytest.raises(MemoryError):
            made((size,), BYTE)
    with pytest.raises(MemoryError):
        mapped(bytes24[1], (1 << 60,), BYTE, shared=True)
    assert open_files() == before


def test_no_descriptor_left_is_a_memory_error():
    text = (
        "import resource, numpy\nfrom medidense.io.guarded.memory import made\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "try:\n    made((1,), numpy.dtype('u1'))\nexcept MemoryError:\n    print('no memory')\n"
    )
    process = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert process.stdout == "no memory\n"


def test_without_memfd_an_unnamed_file_serves(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    array, descriptor = made((8,), BYTE)
    other = mapped(descriptor, (8,), BYTE, shared=True)
    os.close(descriptor)
    other[...] = 3
    assert array.tolist() == [3] * 8
