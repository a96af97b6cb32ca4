"""The tests of this room leave the other cores alone."""

from collections.abc import Iterator

import pytest

from medidense.predict import limit_threads


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute with one thread."""
    with limit_threads(1):
        yield
