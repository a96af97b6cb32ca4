"""What can a worker be asked to do? The names that `guarded.call` takes, and the function behind each."""

from types import MappingProxyType

from medidense.io.guarded.outcome import Task

TASKS: MappingProxyType[str, Task] = MappingProxyType({})
"""Name -> function of (arguments, desk)."""
