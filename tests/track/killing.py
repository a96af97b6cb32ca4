"""A process that is killed in the middle of logging, without a process."""

import contextlib
from collections.abc import Iterator

import mlflow
import pytest


@contextlib.contextmanager
def killed_at(call: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is logged in the block ends where the client's `call` begins; the block ends there too."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, call, stop)
        with pytest.raises(KeyboardInterrupt):
            yield
