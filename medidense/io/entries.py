"""What did a scan find? Entries that lie in an index, walked as often as one likes and never held at once."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from medidense.io.index import read_index
from medidense.values import Entry


class Entries:
    """The entries of an index, in their order: ``for entry in entries``, ``len(entries)``.

    Each walk reads the file anew, so what it gives is what a later scan left there; the counts are those of
    the time when this was made. A walk raises LockedError while a scan writes the index, and WriteError where
    it is gone.
    """

    def __init__(self, index: Path, *, owned: bool = False) -> None:
        """`owned`: the folder of the index goes with this object, at the end of the program at the latest."""
        self._index = index
        self._remove = weakref.finalize(self, shutil.rmtree, index.parent, ignore_errors=True)
        if not owned:
            self._remove.detach()
        with read_index(index) as found:
            self._counts = found.counts()
            self.tail = found.tail()
            """How many last characters of a series UID tell it from every other one here."""

    def __iter__(self) -> Iterator[Entry]:
        with read_index(self._index) as found:
            yield from found.entries()

    def __len__(self) -> int:
        return sum(self._counts.values())

    def count(self, state: str) -> int:
        """Entries of a state: ``volume``, ``refused`` or ``skipped``."""
        return self._counts.get(state, 0)

    def close(self) -> None:
        """Remove the index, if it is a temporary one."""
        self._remove()


def temporary_index() -> Path:
    """A place for an index that `Entries` may own, in a new folder that only the user can enter."""
    return Path(tempfile.mkdtemp(prefix="medidense-")) / "index"
