"""Which MLflow runs hold this run directory, and what has been logged to them already?"""

import json
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

from medidense import durable

IMAGE = "image"
"""How a step begins that logs a picture: then follow its key, its step in the image grid, and its name."""

LASTING = (IMAGE, "model")
"""Steps that a new evaluation of the same run leaves as they are."""


@dataclass
class Memory:
    """The content of tracking.json; `save` after each change makes a killed logging go on where it was.

    `uid` names the run directory in MLflow without saying anything of it. `runs` maps ``cv`` and ``fold-K``
    to run IDs; `done` lists the steps that need not be repeated for the results with digest `results`. `sent`
    counts the epochs of each fold that are there, `told` holds the status that each run was last given.
    """

    path: Path
    store: str
    uid: str
    results: str
    runs: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, store: str, results: str) -> "Memory":
        """What tracking.json remembers; anew where it is missing.

        Of another store it remembers the uid alone: by it the runs are found where they are there already.
        """
        fresh = cls(path, store, uuid.uuid4().hex, results)
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            known = cls(path, tree["store"], tree["uid"], tree["results"], tree["runs"], tree["done"])
            known.sent, known.told = dict(tree.get("sent", {})), dict(tree.get("told", {}))
        except (OSError, ValueError, KeyError, TypeError):
            return fresh
        if known.store != store:
            return cls(path, store, known.uid, results)
        if known.results != results:
            known.results = results
            known.done = [step for step in known.done if step.startswith(LASTING)]
        return known

    def forget(self) -> None:
        """Start over: the runs are gone from the store."""
        self.runs, self.done, self.sent, self.told = {}, [], {}, {}

    def images(self) -> dict[tuple[str, str], int]:
        """At which step of the image grid each picture, (key, name), was logged."""
        told = [step.split() for step in self.done if step.startswith(IMAGE)]
        return {(key, name): int(step) for _, key, step, name in (words for words in told if len(words) == 4)}

    def finish(self, step: str) -> None:
        """Remember that a step was done."""
        self.done.append(step)
        self.save()

    def save(self) -> None:
        """Write tracking.json, private: a store's address is the user's own."""
        tree = {name: value for name, value in asdict(self).items() if name != "path"}
        durable.write_text(self.path, json.dumps(tree, indent=2) + "\n", durable.PRIVATE)
