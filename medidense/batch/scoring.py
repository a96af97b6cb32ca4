"""What does a package say of everything under some paths?"""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medidense import durable
from medidense.batch.drain import Drain, draining
from medidense.batch.ledger import Ledger, open_ledger
from medidense.batch.lesions import Lesion, Lesions
from medidense.batch.table import is_written, write_scores
from medidense.batch.units import Item, find_items
from medidense.errors import NothingFoundError, UsageError
from medidense.package import Package, Stopped, answered, attempt, lasting, read_input
from medidense.values import Prediction, Refused, Score, Volume

LEDGER, TABLE = "ledger.db", "scores.csv"


@dataclass(frozen=True)
class BatchResult:
    """How many inputs were found, and how many rows of scores.csv they have, by status.

    Inputs done by an earlier run of the same command count too; `fresh` are those done by this one.
    `unmatched` says which listed lesions belong to none of the inputs.
    """

    csv: Path
    found: int
    fresh: int
    scored: int
    refused: int
    failed: int
    unmatched: tuple[str, ...]


def ignore(_done: int) -> None:
    """Listen to nothing."""


def score_inputs(
    package: Package,
    inputs: Sequence[Path],
    lesions: Lesions | None,
    out: Path,
    progress: Callable[[int], None] = ignore,
) -> BatchResult:
    """Score every input below the paths and write ``out/scores.csv`` (mode 0600), one row a (series, lesion).

    The same command goes on where it was stopped: a finished input is scored again only when its files, its
    lesions or the package change, or when it failed. `progress` is told the number of inputs done.

    Raises NothingFoundError, LockedError, RunError when `out` belongs to another package, WriteError, and
    Interrupted after SIGINT or SIGTERM, when the input in hand is finished and the table is written.
    """
    _check(package, inputs, lesions, out)
    with draining() as drain:
        items = find_items(inputs, lesions)
        first = next(items, None)
        if first is None:
            names = ", ".join(str(path) for path in inputs)
            raise NothingFoundError(names, "no image file was found", "", "check the path")
        with durable.locked(out), open_ledger(out / LEDGER, package.digest) as ledger:
            tally = _work(package, ledger, itertools.chain([first], items), drain, progress)
            for path in inputs if tally.finished else ():
                ledger.forget_unmet(str(path.resolve()))
            table = (package.manifest, package.digest)
            if not is_written(out / TABLE, ledger.rows(), *table):
                write_scores(out / TABLE, ledger.rows(), *table)
    if not tally.finished:
        raise drain.interrupted(str(out), tally.found)
    return tally.result(out / TABLE, lesions)


def _check(package: Package, inputs: Sequence[Path], lesions: Lesions | None, out: Path) -> None:
    """Refuse what cannot work, before anything is touched."""
    if lesions is not None and package.manifest.region == "whole" and not package.manifest.covariates:
        step = "leave --lesions out"
        raise UsageError("--lesions", "this package scores whole images", lesions.name, step)
    for path in inputs:
        if out.resolve().is_relative_to(path.resolve()):
            rule = "the output must not lie inside an input"
            raise UsageError(str(out), rule, str(path), "choose another --out")


@dataclass
class _Tally:
    """What has been counted so far."""

    found: int = 0
    fresh: int = 0
    finished: bool = True
    rows: Counter[str] = field(default_factory=Counter)
    matched: set[int] = field(default_factory=set)

    def count(self, item: Item, scores: Sequence[Score]) -> None:
        """One more input."""
        self.found += 1
        self.rows.update(score.status for score in scores)
        self.matched.update(lesion.row for lesion in item.lesions)

    def result(self, csv: Path, lesions: Lesions | None) -> BatchResult:
        """The counts, and the lesions that no input had."""
        listed = () if lesions is None else lesions.lesions
        unmatched = [lesion for lesion in listed if lesion.row not in self.matched]
        return BatchResult(
            csv=csv,
            found=self.found,
            fresh=self.fresh,
            scored=self.rows["scored"],
            refused=self.rows["refused"],
            failed=self.rows["failed"],
            unmatched=tuple(lesions.describe(lesion) for lesion in unmatched) if lesions else (),
        )


def _work(
    package: Package, ledger: Ledger, items: Iterable[Item], drain: Drain, progress: Callable[[int], None]
) -> _Tally:
    """Every item in turn, stored when its rows are complete, until the last one or a signal."""
    tally = _Tally()
    for item in items:
        if drain.requested:
            tally.finished = False
            break
        unit = item.unit()
        ledger.meet(unit)
        known = ledger.rows_of(unit)
        if not known or any(score.status == "failed" for score in known):
            package.networks()  # a package that does not load is an error of the run, never of an item
            scores = list(_scores(package, item))
            if lasting(scores) != lasting(known):
                ledger.store(unit, scores)
            tally.fresh += 1
            known = scores
        tally.count(item, known)
        progress(tally.found)
    return tally


def _scores(package: Package, item: Item) -> Iterator[Score]:
    """One row for each lesion of an input, or one for the input; the reading counts to the first."""
    blank = Score(str(item.path), item.study_uid, item.series_uid)
    started, volume = time.perf_counter(), attempt(lambda: _read(package, item))
    for lesion in item.lesions or (None,):
        answer = volume if isinstance(volume, Stopped) else attempt(_prediction(package, volume, lesion))
        row = replace(
            blank,
            lesion_id="" if lesion is None else lesion.lesion_id,
            seconds=time.perf_counter() - started,
        )
        if isinstance(answer, Stopped):
            yield replace(row, **answer.told())
        else:
            yield replace(row, **answered(package, answer))
        started = time.perf_counter()


def _read(package: Package, item: Item) -> Volume:
    """The volume of an item, unless the search itself found it unreadable. Raises Refused."""
    if item.refusal is not None:
        no = item.refusal
        raise Refused(no.code, no.where, no.found, no.expected, no.next_step)
    return read_input(
        package.manifest,
        item.source,
        series_uid=item.series_uid,
        lesions=item.lesions or None,
        where=item.path,
    )


def _prediction(package: Package, volume: Volume, lesion: Lesion | None) -> Callable[[], Prediction]:
    """What the package says of one lesion, once it is asked."""

    def predict() -> Prediction:
        region = None if lesion is None else lesion.region_in(volume)
        beside = {} if lesion is None else lesion.covariates
        return package.predict(volume, region, beside) if beside else package.predict(volume, region)

    return predict
