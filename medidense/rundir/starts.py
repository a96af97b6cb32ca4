"""What a run directory says of the weights that its training started from: start.csv and start.json."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.errors import RunError
from medidense.values import StartReport, TensorFate


@dataclass(frozen=True)
class StartFacts:
    """The sha256 of each model that folds start from, what trains (start.trains), and how many parameters:
    `trainable` maps an epoch (from 1) to their number from then on."""

    sha256: tuple[str, ...]
    trains: str
    trainable: Mapping[int, int]
    parameters: int

    def line(self) -> str:
        """One line for a log.

        >>> StartFacts((), "gradual", {1: 1000, 3: 2000}, 4000).line()
        'trains gradual: 1,000 parameters of 4,000, 2,000 from epoch 3'
        """
        first, *later = sorted(self.trainable.items())
        words = f"trains {self.trains}: {first[1]:,} parameters of {self.parameters:,}"
        return words + "".join(f", {number:,} from epoch {epoch}" for epoch, number in later)


def write_start(report: StartReport, facts: StartFacts, csv_path: Path, json_path: Path) -> None:
    """start.csv, a line for each tensor, and then start.json, what they come to."""
    columns = [item.name for item in fields(TensorFate)]
    durable.write_csv(csv_path, columns, [astuple(item) for item in report.tensors], mode=durable.OPEN)
    tree = {
        "sha256": list(facts.sha256),
        "source": report.source,
        "tensors": dict(report.counts),
        "trains": facts.trains,
        "trainable_from_epoch": {str(epoch): number for epoch, number in facts.trainable.items()},
        "parameters": facts.parameters,
    }
    durable.write_text(json_path, json.dumps(tree, indent=2) + "\n", durable.OPEN)


def facts_of(tree: Mapping[str, Any], path: Path) -> StartFacts:
    """start.json as a value. Raises RunError."""
    try:
        return StartFacts(
            sha256=tuple(map(str, tree["sha256"])),
            trains=str(tree["trains"]),
            trainable={int(epoch): int(n) for epoch, n in tree["trainable_from_epoch"].items()},
            parameters=int(tree["parameters"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(str(path), "does not hold", error, "run cv again in another --out") from None
