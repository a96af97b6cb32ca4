"""Did training settle, fold by fold, as a picture?"""

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from medidense.pages.canvas import blank, colour, legend, name_axes, png
from medidense.values import EpochRecord


def curves_png(epochs: Sequence[Sequence[EpochRecord]]) -> bytes:
    """Mean training loss by epoch, a line for each fold, as PNG bytes; dashed: the validation part.

    `epochs` holds the records of fold 0, 1, …; a fold without records is left out.
    """
    figure, axes = blank(height=5.2)
    validated = False
    for index, records in enumerate(epochs):
        if not records:
            continue
        numbers = [record.epoch + 1 for record in records]
        dot = "o" if len(records) < 3 else ""
        loss = [record.loss for record in records]
        axes.plot(numbers, loss, label=f"fold {index}", color=colour(index), linewidth=2, marker=dot)
        checked = [record for record in records if record.validation_loss is not None]
        if checked:
            validated = True
            across = [record.epoch + 1 for record in checked]
            losses = [record.validation_loss or 0.0 for record in checked]
            axes.plot(across, losses, linestyle="--", color=colour(index), linewidth=2)
    second = "\ndashed: validation part" if validated else ""
    name_axes(axes, f"Training loss by epoch{second}", "epoch", "cross-entropy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    legend(axes, "best")
    return png(figure)
