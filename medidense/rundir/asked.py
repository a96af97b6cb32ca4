"""What a cross-validation was asked for: the same question finds the same run directory."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

from medidense.errors import RunError

NUMBER_ROOMS = ("values", "io", "nets", "stats", "preprocess", "cohort", "predict", "train")
"""The rooms that decide a number; a change in any of them is another code."""

KEY_FIELDS = (
    "cohort",
    "recipe",
    "settings",
    "folds",
    "seed",
    "budget",
    "split",
    "repeats",
    "stratify",
    "candidates",
)


@dataclass(frozen=True)
class Asked:
    """The question of one `cv`: digests of the cohort and of a given recipe (empty: planned), ``--set``
    settings, folds (0 where the cohort decides), seed, budget in minutes, a digest of the code that answers,
    how to split, how often, alike in what, and the candidate settings that inner folds choose among."""

    cohort_name: str
    cohort: str
    recipe: str
    settings: Mapping[str, object] = field(default_factory=dict)
    folds: int = 5
    seed: int = 0
    budget: float | None = None
    code: str = ""
    split: str = "kfold"
    repeats: int = 1
    stratify: str = "label"
    candidates: tuple[Mapping[str, object], ...] = ()

    @property
    def folder_name(self) -> str:
        """``<cohort name>-<first 8 of the sha256 of the question>``; the code is no part of the question."""
        question = {name: getattr(self, name) for name in KEY_FIELDS}
        plain = {"settings": dict(self.settings), "candidates": [dict(item) for item in self.candidates]}
        text = json.dumps(question | plain, sort_keys=True)
        return f"{self.cohort_name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def to_json(self) -> dict[str, object]:
        """The fields, for run.json."""
        return {**asdict(self), "candidates": [dict(item) for item in self.candidates]}

    def same_as(self, saved: Mapping[str, object], where: Path) -> None:
        """Raise RunError naming the first thing that differs from what a run directory was made for."""
        now = json.loads(json.dumps(self.to_json()))
        for item in fields(self):
            if saved.get(item.name) != now[item.name]:
                found = f"{_short(saved.get(item.name))} there, {_short(now[item.name])} asked"
                step = "choose another --out, or ask as before"
                raise RunError(str(where), f"this run was made with another {item.name}", found, step)


@cache
def code_digest() -> str:
    """Version and sha256 over the sources of the rooms that decide a number."""
    home = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for room in NUMBER_ROOMS:
        for path in sorted((home / room).rglob("*.py")):
            digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{version('medidense')}+{digest.hexdigest()[:16]}"


def benchmark_folder(name: str) -> Path:
    """Where a benchmark of the code as it is now lies by default: another code is another folder."""
    return Path("runs") / f"benchmark-{name}-{code_digest().rpartition('+')[2][:8]}"


def _short(value: object) -> str:
    """Digests shortened, the rest as it is."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:12] if len(text) == 64 else text
