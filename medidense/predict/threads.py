"""How many CPU threads does torch use?

The order of additions in a convolution depends on it, so a number that must come out equal again needs
the same count.
"""

import contextlib
from collections.abc import Iterator

import torch

from medidense.errors import UsageError
from medidense.io.guarded import cores


def count_threads(threads: int) -> int:
    """`threads` itself, or where it is 0 the number of cores that this process may use.

    Raises UsageError for a negative number.
    """
    if threads < 0:
        raise UsageError("threads", "must not be negative", threads, "use 0 for all cores")
    return threads or cores()


@contextlib.contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Let torch use `threads` CPU threads inside the block (0: all cores), and as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count_threads(threads))
    try:
        yield
    finally:
        torch.set_num_threads(before)
