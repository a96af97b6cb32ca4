"""What may a table say of a phantom's nodule beside benign and malignant?"""

from collections.abc import Sequence

import numpy as np

from medidense.phantoms.subjects import LABELS, PhantomSubject
from medidense.phantoms.thorax import DIAMETERS_MM
from medidense.values import Kind

Rows = list[tuple[str, ...]]
UNKNOWN = 5
"""Every so manyth cell of several labels is empty."""


def with_truth(
    columns: Sequence[str], rows: Rows, subjects: Sequence[PhantomSubject], truth: Kind
) -> tuple[tuple[str, ...], Rows]:
    """The table with `truth` in the place of its column `label`; one row a nodule, in the subjects' order."""
    place = list(columns).index("label")
    nodules = [
        (label, size) for one in subjects for label, size in zip(one.labels, one.diameters_mm, strict=True)
    ]
    if truth == "classes":
        return tuple(columns), rows
    names, cells = _grades(nodules) if truth == "ordinal" else _labels(nodules)
    swapped = [(*row[:place], *own, *row[place + 1 :]) for row, own in zip(rows, cells, strict=True)]
    return (*columns[:place], *names, *columns[place + 1 :]), swapped


def _grades(nodules: Sequence[tuple[str, float]]) -> tuple[tuple[str, ...], Rows]:
    """Thirds by diameter."""
    low, high = np.quantile([size for _, size in nodules], (1 / 3, 2 / 3))
    return ("label",), [(str(1 + int(size > low) + int(size > high)),) for _, size in nodules]


def _labels(nodules: Sequence[tuple[str, float]]) -> tuple[tuple[str, ...], Rows]:
    """Large and spiculated, some cells of each empty."""
    middle, cells = sum(DIAMETERS_MM) / 2, []
    for number, (label, size) in enumerate(nodules):
        both = (str(int(size > middle)), str(int(label == LABELS["spiculated"])))
        cells.append(tuple("" if (2 * number + n) % UNKNOWN == 0 else cell for n, cell in enumerate(both)))
    return ("label_large", "label_spiculated"), cells
