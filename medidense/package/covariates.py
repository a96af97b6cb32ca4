"""What does a package need to know of a lesion beside its image?"""

from collections.abc import Sequence

from medidense.package.plausible import SLACK
from medidense.predict import Example
from medidense.preprocess import Prepared
from medidense.values import Manifest, Refused
from medidense.values.covariates import Cells, NumericCovariate, number_in


def example_of(manifest: Manifest, prepared: Prepared, cells: Cells | None, where: str) -> Example | None:
    """The array with the covariates of each network; None where the package takes none.

    Raises Refused NO_COVARIATE for one that is not given, IMPLAUSIBLE for a number far outside training's.
    """
    if not manifest.covariates:
        return None
    given = {} if cells is None else cells
    vectors = tuple(encoding.vector(given, where) for encoding in manifest.covariates)
    first = manifest.covariates[0]
    for column in first.columns:
        known = [
            one for encoding in manifest.covariates for one in encoding.covariates if one.column == column
        ]
        numeric = [one for one in known if isinstance(one, NumericCovariate)]
        _check_span(numeric, given[column], where)
    return Example(prepared.array, vectors)


def _check_span(known: Sequence[NumericCovariate], cell: object, where: str) -> None:
    """Refuse a number further outside what training saw than half of that range: another unit, likely."""
    number = number_in(cell)
    if not known or number is None:
        return
    low, high = min(one.low for one in known), max(one.high for one in known)
    slack = SLACK * (high - low)
    if number < low - slack or number > high + slack:
        found, expected = f"{known[0].column} {number:g}", f"{low - slack:g} to {high + slack:g}"
        raise Refused("IMPLAUSIBLE", where, found, expected, "check its unit, or empty the cell")
