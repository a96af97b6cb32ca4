"""How do two processes fill one array? Memory that has no name, passed on as an open file."""

import ctypes
import functools
import mmap
import os
import sys
import tempfile
import weakref
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FAILED = ctypes.c_void_p(-1).value


def made(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Array, int]:
    """A new array of this process's own, and the descriptor of its memory, to be passed on and then closed.

    What another process writes to that memory is seen in the array, until this one writes there itself.
    Raises MemoryError where there is no memory, address space or descriptor left.
    """
    descriptor = _create(_size(shape, dtype))
    try:
        return mapped(descriptor, shape, dtype, shared=False), descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _create(nbytes: int) -> int:
    """The descriptor of memory of zeros.

    On Linux its size is sealed: a process that shrank it would make the other one die of SIGBUS.
    """
    try:
        descriptor = _unnamed()
        try:
            os.ftruncate(descriptor, nbytes)
            if sys.platform == "linux":
                import fcntl  # here, for this module is imported on Windows too

                seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
                fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        except BaseException:
            os.close(descriptor)
            raise
    except (OSError, OverflowError) as error:
        raise MemoryError(f"{nbytes} bytes: {error}") from error
    return descriptor


def _unnamed() -> int:
    """The descriptor of an empty file that no folder holds: in memory on Linux, on disk elsewhere."""
    if sys.platform == "linux":
        return os.memfd_create("medidense", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Bytes of memory for an array, at least one: nothing cannot be mapped."""
    return max(prod(shape) * dtype.itemsize, 1)


def mapped(descriptor: int, shape: tuple[int, ...], dtype: np.dtype[Any], *, shared: bool) -> Array:
    """The array in Fortran order that lies in this memory, writable; unmapped with the last view of it.

    What is written goes to the memory where it is `shared`. Otherwise it stays this process's own, as with
    any array: a forked child that changes it does not change its parent's.
    The descriptor is no longer needed afterwards. Raises MemoryError where the address space is too small.
    """
    content = np.asarray(_Mapping(descriptor, _size(shape, dtype), shared=shared))
    return content[: prod(shape) * dtype.itemsize].view(dtype).reshape(shape, order="F")


class _Mapping:
    """Bytes mapped from a file, as NumPy's array interface shows them.

    The mmap module does not serve here: until the `trackfd` of Python 3.13 it keeps a descriptor open for
    each mapping, and a program that holds a thousand volumes would run out of them.
    """

    def __init__(self, descriptor: int, nbytes: int, *, shared: bool) -> None:
        libc = _libc()
        access = mmap.PROT_READ | mmap.PROT_WRITE
        kind = mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE
        address = libc.mmap(None, nbytes, access, kind, descriptor, 0)
        if address == FAILED:
            raise MemoryError(f"{nbytes} bytes: {os.strerror(ctypes.get_errno())}")
        self.__array_interface__ = {
            "version": 3,
            "shape": (nbytes,),
            "typestr": "|u1",
            "data": (address, False),
        }
        unmap = weakref.finalize(self, libc.munmap, address, nbytes)
        unmap.atexit = False  # an array may be used until the very end; then the system unmaps it


@functools.cache
def _libc() -> ctypes.CDLL:
    """The C library, with the signatures of mmap and munmap (POSIX.1-2017)."""
    libc, place, size, number = (
        ctypes.CDLL(None, use_errno=True),
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    )
    libc.mmap.argtypes = [place, size, number, number, number, ctypes.c_long]
    libc.mmap.restype = place
    libc.munmap.argtypes = [place, size]
    return libc
