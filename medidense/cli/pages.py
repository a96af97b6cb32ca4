"""How the figures of a cross-validation stand on a page of a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from medidense.cli.deployment_page import deployment_tables
from medidense.cli.printing import Piece, Table, duration, facts, figure
from medidense.values import Crossing, Evaluation, Leak, public_subgroups
from medidense.values.wording import class_counts, class_words, count

SHOWN = 20
"""Rows of a table of copies that are printed; all of them stand in the JSON."""

if TYPE_CHECKING:
    from medidense.rundir import Choice
    from medidense.verbs.cross_validation import CvResult


def evaluation_page(evaluation: Evaluation) -> list[Piece]:
    """The headline, the floor it must beat, the other figures and the folds, in this order."""
    counts = class_counts(evaluation.class_counts)
    rows = "" if evaluation.rows == "all" else evaluation.rows
    headline = facts(
        [
            ("AUROC", evaluation.auroc.text()),
            ("by DeLong", evaluation.auroc_delong.text() if evaluation.auroc_delong else ""),
            ("is", evaluation.auroc_definition),
            ("fold mean", figure(evaluation.auroc_fold_mean)),
            ("repeats", _repeats(evaluation)),
            ("samples", f"{evaluation.samples} of {count(evaluation.subjects, 'subject')} ({counts})"),
            ("per subject", _per_subject(evaluation)),
            ("rows", rows),
            ("matched in size", _matched(evaluation)),
            ("intervals", evaluation.interval),
        ]
    )
    pieces: list[Piece] = [headline]
    if evaluation.labels:
        pieces.append(_labels(evaluation))
    if evaluation.baselines:
        pieces.append(baselines_table(evaluation))
    pieces += [_metrics(evaluation), *per_subject_table(evaluation)]
    pieces += [*deployment_tables(evaluation), _folds(evaluation)]
    if evaluation.subgroups:
        pieces.append(subgroups_table(evaluation))
    if evaluation.controls:
        pieces.append(_controls(evaluation))
    return [*pieces, *(f"note: {note}" for note in evaluation.notes)]


def per_subject_table(evaluation: Evaluation) -> list[Piece]:
    """The same figures with a row for each subject; nothing where a sample is one."""
    if evaluation.per_subject is None:
        return []
    title = f"{evaluation.per_subject.rule}."
    return [Table(("figure", "per sample", "per subject"), evaluation.side_by_side(), title)]


def choices_table(choices: Sequence["Choice"]) -> Table:
    """What each outer fold of a nested split chose, and by which inner figures."""
    rows = tuple(
        (str(item.fold), item.settings, f"{item.figure.replace('_', ' ')} {item.value:.3f}", _mark(item))
        for item in choices
    )
    return Table(("fold", "candidate", "inner figure", ""), rows, "Chosen by inner folds")


def folds_page(result: "CvResult", asked: Sequence[int]) -> Table:
    """What came of a command that trains single folds."""
    there = [index for index in dict.fromkeys(asked) if index not in result.trained]
    missing = ", ".join(map(str, result.missing))
    step = f"folds still missing: {missing}" if missing else "run the same command without --fold"
    return facts(
        [
            ("run", result.run),
            ("trained", ", ".join(map(str, result.trained))),
            ("finished before", ", ".join(map(str, there))),
            ("next", step),
            ("took", duration(result.seconds)),
        ]
    )


def _mark(choice: "Choice") -> str:
    return "chosen" if choice.chosen else ""


def _matched(evaluation: Evaluation) -> str:
    """The same scores on pairs of like volume."""
    if evaluation.matched is None:
        return ""
    found = evaluation.matched
    size = figure(found.volume_auroc.value)
    return f"{found.auroc.text()} on {count(found.pairs, 'pair')}; volume alone {size}"


def _per_subject(evaluation: Evaluation) -> str:
    """How many rows there are by subject; their figures have a table."""
    found = evaluation.per_subject
    if found is None:
        return "the same, each has one sample" if evaluation.samples == evaluation.subjects else ""
    left = f"; {found.left_out} left out, their samples differ in class" if found.left_out else ""
    return f"AUROC {found.auroc.text()}; {found.several} of {evaluation.subjects} have several samples{left}"


def _repeats(evaluation: Evaluation) -> str:
    """Each repeat's AUROC, and how far they scatter."""
    if evaluation.repeats is None:
        return ""
    spread = evaluation.repeats
    each = ", ".join(figure(area) for area in spread.auroc)
    return f"{each}: mean {figure(spread.mean)}, SD {figure(spread.standard_deviation)}"


def baselines_table(evaluation: Evaluation, title: str = "To compare with, on the same folds") -> Table:
    """Trivial rules on the same folds: a network that does not beat them has learnt nothing more. Where the
    recipe compares, the network that started from random weights too."""
    rows = tuple(
        (item.name, item.auroc.text(), item.network_minus_baseline.text()) for item in evaluation.baselines
    )
    return Table(("baseline", "AUROC", "network minus baseline"), rows, title)


def _labels(evaluation: Evaluation) -> Table:
    """Each of several labels by itself, over the rows in which it is known."""
    rows = tuple(
        (
            item.name,
            f"{item.positives} of {item.samples}",
            str(item.subjects),
            item.auroc.text(),
            item.auprc.text(),
        )
        for item in evaluation.labels
    )
    return Table(("label", "shown", "subjects", "AUROC", "AUPRC"), rows, "Each label where it is known")


def _metrics(evaluation: Evaluation) -> Table:
    """The figures at the operating point."""
    rows = tuple((name, estimate.text()) for name, estimate in evaluation.metrics.items())
    positive = class_words(evaluation.positive)
    title = f"Positive is {positive}; decided from a score of {evaluation.operating_point:g} on"
    if evaluation.operating_rule != "fixed":
        title = f"Positive is {positive}; each fold decided at the threshold of the other folds"
    if evaluation.kind == "multi_label":
        title = f"Means over the labels; each decided from a score of {evaluation.operating_point:g} on"
    elif evaluation.kind == "ordinal":
        title = (
            f"Grades from the lowest on: {', '.join(evaluation.classes)}; the middle of the scores decides"
        )
    return Table(("figure", "value"), rows, title)


def _folds(evaluation: Evaluation) -> Table:
    """Fold by fold; small test parts scatter widely."""
    rows = tuple(
        (str(item.fold), str(item.samples), str(item.subjects), figure(item.auroc), item.note)
        for item in evaluation.folds
    )
    return Table(("fold", "samples", "subjects", "AUROC", "note"), rows)


def _controls(evaluation: Evaluation) -> Table:
    """Whether the classes are told apart where nothing should tell them."""
    rows = tuple((one.title, one.outcome, one.said) for one in evaluation.controls)
    return Table(("control", "outcome", "what it says"), rows, "Controls")


def subgroups_table(evaluation: Evaluation) -> Table:
    """Parts of the subjects; small ones have counts alone. Words of cells are numbered, as in all logs."""
    rows = tuple(
        (
            part.by,
            part.group,
            f"{part.samples} of {count(part.subjects, 'subject')}",
            class_counts(part.class_counts),
            part.found,
        )
        for part in public_subgroups(evaluation.subgroups)
    )
    return Table(("by", "group", "samples", "classes", "AUROC"), rows, "Subgroups")


def near_copies(leaks: Sequence[Leak]) -> list[Piece]:
    """Pairs of rows that look the same, and the cure; nothing where there are none."""
    if not leaks:
        return []
    rows = tuple((*(f"row {row}" for row in leak.rows), f"{leak.distance:.3f}") for leak in leaks[:SHOWN])
    title = f"warning: near copies under two subject_ids, {count(len(leaks), 'pair')}"
    cure = "Where they show one patient, give both rows one subject_id (--join does), or drop one of them."
    return [Table(("row", "row", "distance"), rows, title), *_more(len(leaks)), cure]


def crossing_copies(crossings: Sequence[Crossing]) -> list[Piece]:
    """How many training samples have a copy in the test part of their fold; nothing where none has."""
    if not crossings:
        return []
    pairs = Counter((one.fold, one.kind, "yes" if one.dropped else "no") for one in crossings)
    rows = tuple((str(fold), *what, str(number)) for (fold, *what), number in sorted(pairs.items()))
    table = Table(("fold", "kind", "dropped", "samples"), rows, "warning: copies of test images")
    return [table, "leaks.csv in the run directory names them."]


def _more(number: int) -> list[str]:
    """How many rows of a table were not printed."""
    return [f"and {number - SHOWN} more"] if number > SHOWN else []
