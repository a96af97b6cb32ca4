"""How the figures of a cross-validation stand on a page of a terminal."""

from medidense.cli.printing import Piece, Table, facts, figure
from medidense.values import Evaluation


def evaluation_page(evaluation: Evaluation) -> list[Piece]:
    """The headline, the floor it must beat, the other figures and the folds, in this order."""
    counts = ", ".join(f"{name} {number}" for name, number in evaluation.class_counts.items())
    rows = "" if evaluation.rows == "all" else evaluation.rows
    headline = facts(
        [
            ("AUROC", evaluation.auroc.text()),
            ("is", evaluation.auroc_definition),
            ("fold mean", figure(evaluation.auroc_fold_mean)),
            ("samples", f"{evaluation.samples} of {evaluation.subjects} subjects ({counts})"),
            ("rows", rows),
            ("intervals", evaluation.interval),
        ]
    )
    pieces: list[Piece] = [headline]
    if evaluation.baselines:
        pieces.append(_baselines(evaluation))
    pieces += [_metrics(evaluation), _folds(evaluation)]
    return [*pieces, *(f"note: {note}" for note in evaluation.notes)]


def _baselines(evaluation: Evaluation) -> Table:
    """Trivial rules on the same folds: a network that does not beat them has learnt nothing more. Where the
    recipe compares, the network that started from random weights too."""
    rows = tuple(
        (item.name, item.auroc.text(), item.network_minus_baseline.text()) for item in evaluation.baselines
    )
    return Table(("baseline", "AUROC", "network minus baseline"), rows, "To compare with, on the same folds")


def _metrics(evaluation: Evaluation) -> Table:
    """The figures at the operating point."""
    rows = tuple((name, estimate.text()) for name, estimate in evaluation.metrics.items())
    title = f"Positive is {evaluation.positive}; decided from a score of {evaluation.operating_point:g} on"
    return Table(("figure", "value"), rows, title)


def _folds(evaluation: Evaluation) -> Table:
    """Fold by fold; small test parts scatter widely."""
    rows = tuple(
        (str(item.fold), str(item.samples), str(item.subjects), figure(item.auroc), item.note)
        for item in evaluation.folds
    )
    return Table(("fold", "samples", "subjects", "AUROC", "note"), rows)
