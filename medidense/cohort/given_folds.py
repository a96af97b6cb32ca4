"""Who is trained on and who is tested, where the cohort itself says it: a site, or a column of parts?"""

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from medidense.cohort.assembling import Labelled, Mask
from medidense.errors import CohortError, Problem
from medidense.values import Cohort, Fold, Sample, Splits

WORDS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
"""What may stand in the column `split`, case apart, beside the numbers of folds."""


def cut_by_site(cohort: Cohort, *, seed: int, validation_share: float | None = None) -> Splits:
    """Each site is tested once, by a model of all the others.

    A site with one class is tested all the same: the pooled figure counts its scores. Rows without a label
    train when their site is not tested. Raises CohortError for a row without a site, a subject at two sites,
    two spellings of one site, fewer than 2 sites, or sites without which a class is missing.
    """
    table = Labelled.of(cohort)
    _refuse_empty(cohort, "site", [sample for sample in cohort.samples if not sample.site])
    _refuse_spellings(cohort)
    _refuse_torn(cohort, {sample.name: sample.site for sample in cohort.samples}, "another site")
    sites = sorted({sample.site for sample in table.samples})
    if len(sites) < 2:
        step = "add another site, or choose another --split"
        raise CohortError(cohort.name, "leaving a site out needs 2 sites with labels", ", ".join(sites), step)
    tested_in = np.array([sites.index(sample.site) for sample in table.samples])
    names = tuple(f"site {site}" for site in sites)
    homes = {sample.name: sample.site for sample in table.unlabelled}
    extras = [tuple(s for s in table.unlabelled if homes[s.name] != site) for site in sites]
    return _given(table, tested_in, names, extras, (seed, validation_share))


def cut_by_column(cohort: Cohort, *, seed: int, validation_share: float | None = None) -> Splits:
    """The parts that the column `split` gives: train and test (and val), or the numbers of folds from 0.

    With words there is one fold, and rows of no test part are never scored. `val` is the validation part
    where the recipe stops early (`validation_share` is given) and is trained on otherwise; a note says so.
    Raises CohortError for an empty or unknown cell, words beside numbers, a gap in the numbers, a subject in
    two parts, or a training part without every class.
    """
    table = Labelled.of(cohort)
    _refuse_empty(cohort, "split", [sample for sample in cohort.samples if not sample.split])
    if all(sample.split.isdecimal() for sample in cohort.samples):
        return _by_number(table, seed, validation_share)
    return _by_word(table, seed, validation_share)


def _by_number(table: Labelled, seed: int, share: float | None) -> Splits:
    """Folds that someone else has cut."""
    cohort = table.cohort
    _refuse_torn(cohort, {sample.name: str(int(sample.split)) for sample in cohort.samples}, "another fold")
    tested_in = np.array([int(sample.split) for sample in table.samples])
    numbers = sorted(set(tested_in.tolist()))
    if len(numbers) < 2 or numbers != list(range(len(numbers))):
        found, step = ", ".join(map(str, numbers)), "number the folds 0, 1, 2 ..."
        raise CohortError(
            cohort.name, "the folds of split count from 0 without a gap, 2 or more", found, step
        )
    extras = [tuple(s for s in table.unlabelled if int(s.split) != number) for number in numbers]
    return _given(table, tested_in, (), extras, (seed, share))


def _given(
    table: Labelled,
    tested_in: NDArray[np.int64],
    names: tuple[str, ...],
    extras: Sequence[Sequence[Sample]],
    cut: tuple[int, float | None],
) -> Splits:
    """A fold for each number in `tested_in`; `cut` holds seed and share of the validation parts."""
    made: list[Fold] = []
    for index, extra in enumerate(extras):
        test: Mask = tested_in == index
        place = f"the site of row {table.samples[int(np.argmax(test))].row}" if names else f"fold {index}"
        _refuse_lacking(table, ~test, place)
        within = Labelled(table.cohort, table.samples, table.rows, tuple(extra))
        made.append(within.fold(index, ~test, test, share=cut[1], seed=cut[0]))
    return Splits(tuple(made), table.cohort.digest, names)


def _by_word(table: Labelled, seed: int, share: float | None) -> Splits:
    """One training and one test part."""
    cohort = table.cohort
    _refuse_unknown(cohort)
    part_of = {sample.name: WORDS[sample.split.lower()] for sample in cohort.samples}
    notes: list[str] = []
    if share is None:
        joined = sum(part_of[sample.name] == "validation" for sample in cohort.samples)
        part_of = {name: "train" if part == "validation" else part for name, part in part_of.items()}
        if joined:
            notes.append(f"The {joined} rows of split val were trained on: the recipe does not stop early.")
    _refuse_torn(cohort, part_of, "another part")
    train, validation, test = (
        np.array([part_of[sample.name] == part for sample in table.samples], dtype=bool)
        for part in ("train", "validation", "test")
    )
    if not train.any() or not test.any():
        found = "no " + ("test" if train.any() else "train")
        step = "write train or test in the column split of each row"
        raise CohortError(cohort.name, "a given split has labelled rows to train on and to test", found, step)
    _refuse_lacking(table, ~test & ~validation, "the test part")
    extra = [sample for sample in table.unlabelled if part_of[sample.name] == "train"]
    notes.insert(0, f"One given split: {int(test.sum())} of {len(table.samples)} samples are tested.")
    if validation.any() or share is None:
        fold = table.parts(0, (train, validation, test), extra)
    else:
        within = Labelled(cohort, table.samples, table.rows, tuple(extra))
        fold = within.fold(0, train, test, share=share, seed=seed)
    return Splits((fold,), cohort.digest, notes=tuple(notes))


def _refuse_empty(cohort: Cohort, column: str, empty: Sequence[Sample]) -> None:
    """Raise CohortError for each row whose cell is empty; once where all are."""
    if len(empty) == len(cohort.samples):
        step = f"fill in a column {column}, or choose another --split"
        raise CohortError(cohort.name, f"--split {column} needs the column {column}", "no cell filled", step)
    _refuse([(sample, f"{column} is empty", "''", "fill it in") for sample in empty], cohort)


def _refuse_unknown(cohort: Cohort) -> None:
    """Raise CohortError for each cell that is neither a part's word nor, like all others, a number."""
    step = "write train, val or test; or in all rows the number of a fold, from 0"
    wrong = [sample for sample in cohort.samples if sample.split.lower() not in WORDS]
    _refuse([(sample, "unknown part in split", repr(sample.split), step) for sample in wrong], cohort)


def _refuse_torn(cohort: Cohort, part_of: Mapping[str, str], words: str) -> None:
    """Raise CohortError for each row that puts its subject into a second part."""
    first: dict[str, Sample] = {}
    torn = []
    for sample in sorted(cohort.samples, key=lambda sample: sample.row):
        home = first.setdefault(sample.subject_id, sample)
        here, there = part_of[sample.name], part_of[home.name]
        if here != there:
            rule = f"its subject has {words} in row {home.row}"
            torn.append((sample, rule, "", "put all rows of a subject into one"))
    _refuse(torn, cohort)


def _refuse_spellings(cohort: Cohort) -> None:
    """Raise CohortError for each row whose site differs from an earlier one only in how it is written."""
    first: dict[str, Sample] = {}
    slips = []
    for sample in sorted(cohort.samples, key=lambda sample: sample.row):
        plain = " ".join(unicodedata.normalize("NFKC", sample.site).casefold().split())
        home = first.setdefault(plain, sample)
        if home.site != sample.site:
            rule = f"the site differs from that of row {home.row} only in how it is written"
            slips.append((sample, rule, "", "write one word for one site"))
    _refuse(slips, cohort)


def _refuse_lacking(table: Labelled, train: Mask, without: str) -> None:
    """Raise CohortError where a training part lacks a class."""
    lacking = table.lacking(train)
    if lacking:
        rule = f"a training part has every class; without {without} it has no {', '.join(lacking)}"
        raise CohortError(table.cohort.name, rule, "", "add samples, or choose another --split")


def _refuse(rows: Sequence[tuple[Sample, str, str, str]], cohort: Cohort) -> None:
    """Raise CohortError with a line for each row, if there is one."""
    if rows:
        problems = [
            Problem(f"{cohort.name} row {sample.row}", rule, found, step)
            for sample, rule, found, step in rows
        ]
        raise CohortError.several(problems)
