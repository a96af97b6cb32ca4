"""What does a fold's folder hold of covariates, where its recipe takes some?"""

from pathlib import Path

from pydantic import ValidationError

from medidense import durable
from medidense.errors import RunError
from medidense.values import CovariateEncoding

ENCODING = "covariates.json"
"""How cells become numbers, learnt from the fold's training part."""

BASELINE = "predictions_covariates.csv"
"""Scores of the fold's test part by a logistic regression that knows the covariates alone; the whole run has
one of the same name."""


def covariate_files(folder: Path) -> tuple[Path, ...]:
    """Both files of a fold's folder, whether they are there or not."""
    return folder / ENCODING, folder / BASELINE


def write_encoding(encoding: CovariateEncoding, folder: Path) -> None:
    """Write it into a fold's folder. Raises WriteError."""
    durable.write_text(folder / ENCODING, encoding.model_dump_json(indent=2) + "\n")


def read_encoding(folder: Path) -> CovariateEncoding:
    """The encoding of a fold's folder. Raises RunError where it is missing or does not hold."""
    path = folder / ENCODING
    try:
        return CovariateEncoding.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        found = " ".join(str(error).split())[:120]
        step = "run the same medidense cv command again; it goes on"
        raise RunError(str(path), "the fold's covariates cannot be read", found, step) from None
