"""A package: a folder of data that proves itself; scoring needs nothing else."""

from medidense.package.loaded import Package, load_package
from medidense.package.plausible import require_region
from medidense.package.training_digest import TrainingDigest, training_digest
from medidense.package.verification import Check, Verification, verify_package
from medidense.package.writing import PackageContents, write_package

__all__ = [
    "Check",
    "Package",
    "PackageContents",
    "TrainingDigest",
    "Verification",
    "load_package",
    "require_region",
    "training_digest",
    "verify_package",
    "write_package",
]
