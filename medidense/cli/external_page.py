"""How a package on another cohort stands on a page of a terminal."""

from medidense.cli.deployment_page import deployment_tables
from medidense.cli.pages import baselines_table, per_subject_table, subgroups_table
from medidense.cli.printing import Piece, Table, facts
from medidense.values.external import ExternalEvaluation
from medidense.values.wording import class_counts, count


def external_page(external: ExternalEvaluation) -> list[Piece]:
    """Who was scored, the headline, how it compares with training, and the other figures."""
    evaluation, turnout, overlap = external.evaluation, external.turnout, external.overlap
    counts = class_counts(evaluation.class_counts)
    refused = ", ".join(f"{code} {number}" for code, number in turnout.refused.items())
    compared = [
        name
        for name, done in (("subject IDs", overlap.subjects_compared), ("images", overlap.images_compared))
        if done
    ]
    headline = facts(
        [
            ("AUROC", evaluation.auroc.text()),
            ("by DeLong", evaluation.auroc_delong.text() if evaluation.auroc_delong else ""),
            ("is", evaluation.auroc_definition),
            ("samples", f"{evaluation.samples} of {count(evaluation.subjects, 'subject')} ({counts})"),
            ("left out", f"{count(turnout.unlabelled, 'row')} without a label" if turnout.unlabelled else ""),
            ("refused", refused),
            ("compared with training", " and ".join(compared) or "nothing"),
            ("intervals", evaluation.interval),
        ]
    )
    pieces: list[Piece] = [headline, _beside(external)]
    if evaluation.baselines:
        pieces.append(baselines_table(evaluation, "To compare with, on the same rows"))
    title = f"Decided from a score of {evaluation.operating_point:.4g} on, as in the package"
    metrics = tuple((name, estimate.text()) for name, estimate in evaluation.metrics.items())
    pieces += [Table(("figure", "value"), metrics, title), *per_subject_table(evaluation)]
    pieces += deployment_tables(evaluation)
    if external.recalibration:
        pieces.append(_recalibration(external))
    if evaluation.subgroups:
        pieces.append(subgroups_table(evaluation))
    return [*pieces, *(f"note: {note}" for note in (*overlap.why, *evaluation.notes))]


def _beside(external: ExternalEvaluation) -> Table:
    """Figures here and in training."""
    rows = tuple(
        (one.name.replace("_", " "), one.here.text(), one.training.text(), one.difference.text())
        for one in external.beside
    )
    return Table(("figure", "here", "out of fold in training", "difference"), rows, "Here and in training")


def _recalibration(external: ExternalEvaluation) -> Table:
    """What the cohort itself would change; apart from all other figures."""
    rows = tuple(
        (
            one.name,
            f"{one.slope:.3f}",
            f"{one.intercept:.3f}",
            one.figures.slope.text() if one.figures else "not known",
            one.figures.log_loss.text() if one.figures else "not known",
        )
        for one in external.recalibration
    )
    title = "Recalibrated ON THIS COHORT (in no other figure); after it, cross-fitted"
    return Table(("by", "slope", "intercept", "slope after it", "log loss after it"), rows, title)
