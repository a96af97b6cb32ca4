"""What must a list of lesions hold for this package?"""

from pathlib import Path

from medidense.batch.lesions import Lesions, read_lesions
from medidense.package import Package


def listed_for(package: Package, path: Path) -> Lesions:
    """The list at `path`: lesions, or for a package of whole images with covariates a row for each image.

    Raises CohortError with every problem of every row.
    """
    wanted = package.recipe.input.covariates
    whole = package.manifest.region == "whole" and wanted is not None
    return read_lesions(path, whole=whole, covariates=() if wanted is None else wanted.columns)
