"""A package: a folder of data that proves itself; scoring needs nothing else."""

from medidense.package.answering import (
    CALIBRATED,
    SCORE,
    SET,
    Stopped,
    answered,
    attempt,
    lasting,
    read_input,
)
from medidense.package.loaded import Package, load_package
from medidense.package.neighbours import check_neighbours
from medidense.package.requests import answer_columns, answer_rows, request_columns, served_folder
from medidense.package.training_digest import TrainingDigest, training_digest
from medidense.package.verification import Check, Verification, verify_package
from medidense.package.writing import PackageContents, write_package

__all__ = [
    "CALIBRATED",
    "SCORE",
    "SET",
    "Check",
    "Package",
    "PackageContents",
    "Stopped",
    "TrainingDigest",
    "Verification",
    "answer_columns",
    "answer_rows",
    "answered",
    "attempt",
    "check_neighbours",
    "lasting",
    "load_package",
    "read_input",
    "request_columns",
    "served_folder",
    "training_digest",
    "verify_package",
    "write_package",
]
