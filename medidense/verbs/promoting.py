"""Which version of a registered model is the one to use? Somebody says so."""

from dataclasses import asdict, dataclass
from pathlib import Path

from medidense.errors import UsageError
from medidense.rundir import RunDir
from medidense.track import promote_run, promote_version


@dataclass(frozen=True)
class PromoteResult:
    """`version` of the registered model `model` is the champion; before it was `before` ("": there was none).

    `auroc` is the version's pooled AUROC with its interval in words, `store` the registry's address.
    """

    model: str
    version: str
    before: str
    auroc: str
    store: str

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)


def promote(model: Path | str) -> PromoteResult:
    """Make a model the champion: that of a run directory, or a version ``NAME/VERSION`` of the registry.

    The store is the one that `cv` logs to from this folder. Nothing else ever moves this alias. Raises
    RunError where the run is not in the store, UsageError for what is neither, WriteError where the store
    does not answer.
    """
    name, _, version = str(model).rpartition("/")
    if Path(model).is_dir():
        done = promote_run(RunDir(Path(model)), Path.cwd())
    elif name and "/" not in name and version.isascii() and version.isdigit():
        done = promote_version(name, str(int(version)), Path.cwd())
    else:
        step = "name a run directory, or a version such as lung-1a2b3c/2"
        raise UsageError(str(model), "is neither a run directory nor NAME/VERSION of a model", "", step)
    return PromoteResult(done.model, done.version, done.before, done.headline, done.store)
