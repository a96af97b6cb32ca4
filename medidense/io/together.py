"""How are many small things asked of the workers? Some in one task; alone again where a task is refused.

A task of its own for each series of ten files costs as much as putting the series together: 0.2 ms for the
message, two threads' turns and the clearing up behind it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from medidense.io.guarded import Answer
from medidense.values import Refused

SERIES = 16
FILES = 256
TEXT = 1 << 20
"""Series, files, and characters of facts that one task gets at most, of several series."""

Asked = Mapping[str, Any]


class Together:
    """Series to put together, several in a task; what becomes of each in their order."""

    def __init__(self, items: Iterable[Asked], alone: Callable[[Asked], Answer]) -> None:
        """`items` are the arguments of one series each; `alone` has the task done for one of them."""
        self._items, self._alone = items, alone
        self._asked: deque[list[Asked]] = deque()

    def tasks(self) -> Iterator[Asked]:
        """The arguments of each task."""
        batch: list[Asked] = []
        files = text = 0
        for item in self._items:
            more = sum(len(facts) for _, _, facts in item["files"])
            if batch and (len(batch) >= SERIES or files + len(item["files"]) > FILES or text + more > TEXT):
                yield self._task(batch)
                batch, files, text = [], 0, 0
            batch.append(item)
            files, text = files + len(item["files"]), text + more
        if batch:
            yield self._task(batch)

    def _task(self, batch: list[Asked]) -> Asked:
        """The arguments of one task."""
        self._asked.append(batch)
        return {"series": batch, "where": batch[0]["where"]}

    def results(self, answers: Iterable[Answer | Refused]) -> Iterator[Any]:
        """The value, or the refusal, of each item; `answers` are those of the tasks."""
        for answer in answers:
            batch = self._asked.popleft()
            if isinstance(answer, Refused):  # of one of them; the others do not share its fate
                yield from map(self._by_itself, batch)
            else:
                yield from answer.value

    def _by_itself(self, item: Asked) -> Any:
        """What becomes of one item alone."""
        try:
            return self._alone(item).value
        except Refused as refused:
            return refused
