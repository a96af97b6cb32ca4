"""Did training settle, fold by fold, as a picture?"""

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from medidense.pages.canvas import blank, colour, legend, name_axes, png
from medidense.values import EpochRecord, Recipe


def curves_png(epochs: Sequence[Sequence[EpochRecord]], recipe: Recipe) -> bytes:
    """Mean training loss by epoch, a line for each fold, as PNG bytes; dashed: the validation part.

    `epochs` holds the records of fold 0, 1, …, whose epochs count from 1; a fold without records is left out.
    `recipe` says which loss it is.
    """
    figure, axes = blank(height=5.2)
    validated = False
    for index, records in enumerate(epochs):
        if not records:
            continue
        numbers = [record.epoch for record in records]
        dot = "o" if len(records) < 3 else ""
        loss = [record.loss for record in records]
        axes.plot(numbers, loss, label=f"fold {index}", color=colour(index), linewidth=2, marker=dot)
        checked = [record for record in records if record.validation_loss is not None]
        if checked:
            validated = True
            across = [record.epoch for record in checked]
            losses = [record.validation_loss or 0.0 for record in checked]
            axes.plot(across, losses, linestyle="--", color=colour(index), linewidth=2)
    said, checked_by = loss_words(recipe)
    second = f"\ndashed: validation part{checked_by}" if validated else ""
    name_axes(axes, f"Training loss by epoch{second}", "epoch", said)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    legend(axes, "best")
    return png(figure)


def loss_words(recipe: Recipe) -> tuple[str, str]:
    """What is trained by, and behind a comma what the validation part is measured by where that is another.

    The one is that of `Objective`, the other that of `Stopping.look`: always a cross-entropy.
    """
    training, labels = recipe.training, recipe.labels
    focal = training.loss == "focal" and training.focal_gamma > 0
    plain = "binary cross-entropy of the labels" if labels.kind == "multi_label" else "cross-entropy"
    said = "focal loss" if focal else "cross-entropy"
    if labels.kind != "classes":
        said = f"binary {said} of the {'labels' if labels.kind == 'multi_label' else 'grades'}"
    if labels.auxiliary is not None:
        said += " + auxiliary error"
    return said, "" if said == plain else f", {plain}"
