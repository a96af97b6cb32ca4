"""What does a package say of every row of a cohort, in spite of interruptions?"""

import contextlib
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medidense import durable
from medidense.batch.drain import draining
from medidense.batch.ledger import Ledger, Unit, open_ledger
from medidense.batch.scoring import LEDGER, ignore
from medidense.batch.units import stamps
from medidense.cohort import image_print
from medidense.io import read_volume
from medidense.package import Package, Stopped, answered, attempt, check_neighbours
from medidense.preprocess import lesion_figures, require_one_channel, sample_region, with_spacing
from medidense.values import Refused, Sample, Score, Volume

Known = Callable[[str], bool]
"""Whether an image of this digest was learnt from."""

TRAINING_SUBJECT = "TRAINING_SUBJECT"
NO_PART = "a subject that had no part in it"
STEP = "drop the subject's rows: figures on them would be too good"
COMPARED = "compared"
"""The status of an image that was compared, and found to be none that was learnt from."""


@dataclass(frozen=True, eq=False)
class ScoredCohort:
    """Every row of a cohort with what came of it; `rows` reads them from the ledger, one image at a time.

    The images of the rows `beside` were compared with those learnt from, and not scored.
    """

    samples: Sequence[Sample]
    ledger: Ledger
    beside: Sequence[Sample] = ()

    def rows(self) -> Iterator[tuple[Sample, Score]]:
        """Each sample and its score."""
        for image in images_of(self.samples):
            found = {score.lesion_id: score for score in self.ledger.rows_of(_unit(image))}
            yield from ((sample, found[sample.name]) for sample in image)

    def compared(self) -> Iterator[tuple[Sample, Score]]:
        """Each row of `beside` and what came of its image: `COMPARED` where it is not one learnt from."""
        for image in images_of(self.beside):
            (found,) = self.ledger.rows_of(_unit(image, scored=False))
            yield from ((sample, found) for sample in image)


@contextlib.contextmanager
def scored_cohort(
    package: Package,
    samples: Sequence[Sample],
    known: Known | None,
    out: Path,
    progress: Callable[[int], None] = ignore,
    beside: Sequence[Sample] = (),
    *,
    overwrite: bool = False,
) -> Iterator[ScoredCohort]:
    """Score every sample, and hold the folder `out` as long as the block reads the rows.

    Rows are kept in a ledger in `out`, image by image: the same call goes on where it was stopped, and scores
    an image again only when its files or its rows change, or when it failed. An image that is `known` is
    refused TRAINING_SUBJECT and not scored; None compares no image. `beside` are further rows whose images
    are compared alone, where no sample lies in them. `progress` is told the number of rows done.

    Raises LockedError, RunError when `out` belongs to another package and not `overwrite`, WriteError, and
    Interrupted after SIGINT or SIGTERM, when the image in hand is finished.
    """
    with durable.locked(out), open_ledger(out / LEDGER, package.digest, anew=overwrite) as ledger:
        with draining() as drain:
            done = 0
            others = [] if known is None else _elsewhere(beside, samples)
            for image in (*images_of(samples), *images_of(others)):
                if drain.requested:
                    raise drain.interrupted(str(out), done)
                scored = done < len(samples)
                unit = _unit(image, scored=scored)
                found = ledger.rows_of(unit)
                if not found or any(score.status == "failed" for score in found):
                    package.networks()  # a package that does not load is no error of an image
                    rows = _scores(package, image, known) if scored else [_compared(image[0], known)]
                    ledger.store(unit, list(rows))
                done += len(image)
                progress(done)
        yield ScoredCohort(samples, ledger, others)


def images_of(samples: Sequence[Sample]) -> list[list[Sample]]:
    """The samples by the image they lie in, so that each is read once."""
    groups: dict[tuple[Path, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[_place(sample)].append(sample)
    return list(groups.values())


def _place(sample: Sample) -> tuple[Path, str]:
    """Where its image lies (links followed), and which series it is: what the ledger knows it by."""
    return Path(sample.image_path).resolve(), sample.series_uid


def _elsewhere(beside: Sequence[Sample], samples: Sequence[Sample]) -> list[Sample]:
    """The rows whose image is none of the samples' own."""
    taken = {_place(sample) for sample in samples}
    return [row for row in beside if _place(row) not in taken]


def _unit(image: Sequence[Sample], *, scored: bool = True) -> Unit:
    """What the ledger knows an image by; the key changes with its files and all that its rows say of it."""
    first = image[0]
    about = [[sample.name, sample.subject_id, *_about(sample)] for sample in image]
    facts: dict[str, list[Any]] = {"files": stamps([Path(first.image_path)]), "rows": about}
    facts |= {} if scored else {"only": [COMPARED]}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    place, series = _place(first)
    return Unit(str(place), series, key)


def _about(sample: Sample) -> list[Any]:
    marker = sample.marker and [*sample.marker.centre_mm, sample.marker.diameter_mm]
    mask = [] if sample.mask_path is None else stamps([Path(sample.mask_path)])
    return [marker, mask, sample.segment, sample.spacing_known, sample.spacing_mm, dict(sample.extra)]


def _scores(package: Package, image: Sequence[Sample], known: Known | None) -> Iterator[Score]:
    """A row for each lesion of an image; the reading counts to the first."""
    started, volume = time.perf_counter(), attempt(lambda: _read(image[0], known))
    for sample in image:
        found: dict[str, Any] | Stopped = (
            volume if isinstance(volume, Stopped) else attempt(_asked(package, volume, sample))
        )
        row = Score(sample.image, series_uid=sample.series_uid, lesion_id=sample.name)
        row = replace(row, seconds=time.perf_counter() - started)
        yield replace(row, **(found.told() if isinstance(found, Stopped) else found))
        started = time.perf_counter()


def _read(sample: Sample, known: Known | None) -> Volume:
    """The image as `score` reads it. Raises Refused, TRAINING_SUBJECT for one that is known."""
    volume = read_volume(Path(sample.image_path), series_uid=sample.series_uid)
    check_neighbours(volume, Path(sample.image_path))
    if known is not None:
        _require_strange(volume, sample, known)
    return volume


def _require_strange(volume: Volume, sample: Sample, known: Known) -> None:
    """Raise Refused TRAINING_SUBJECT for an image that was learnt from."""
    require_one_channel(volume, Path(sample.image_path))
    if known(image_print(volume).digest):
        raise Refused(TRAINING_SUBJECT, sample.image, "an image of the training", NO_PART, STEP)


def _compared(sample: Sample, known: Known | None) -> Score:
    """What came of comparing an image that nothing is scored in."""

    def compare() -> None:
        if known is not None:
            volume = read_volume(Path(sample.image_path), series_uid=sample.series_uid)
            _require_strange(volume, sample, known)

    found = attempt(compare)
    row = Score(sample.image, series_uid=sample.series_uid, lesion_id=sample.name, status=COMPARED)
    return replace(row, **found.told()) if isinstance(found, Stopped) else row


def _asked(package: Package, image: Volume, sample: Sample) -> Callable[[], dict[str, Any]]:
    """What a row says of one lesion, once the package is asked."""

    def ask() -> dict[str, Any]:
        volume = with_spacing(image, sample)
        region = sample_region(sample, volume)
        answer = package.predict(volume, region, sample.extra)
        return {**answered(package, answer), "figures": lesion_figures(volume, region)}

    return ask
