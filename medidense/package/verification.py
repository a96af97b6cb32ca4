"""Is this package what it says it is, and does it score here as it did where it was made?"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medidense.errors import MedidenseError, PackageError
from medidense.nets import HEADS
from medidense.package.files import EXPORT_AGAIN, SELF_TEST, check_files, read_manifest, read_object
from medidense.package.loaded import Package, load_package
from medidense.package.self_test import TOLERANCE, difference, synthetic_scores
from medidense.values.wording import count


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it holds, and what was found."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Verification:
    """All checks, in the order they were made; after one that fails, those that rest on it are not made."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """True when every check holds."""
        return all(check.ok for check in self.checks)


def verify_package(path: Path) -> Verification:
    """Check the manifest, every file's sha256, the networks' tensors, a forward pass and the stored scores.

    Raises PackageError only where there is no folder; a damaged package gives a check that does not hold.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise PackageError(str(folder), "a package is a folder", "none", "medidense export writes one")
    opened = functools.cache(lambda: load_package(folder))
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("manifest", lambda: _manifest(folder)),
        ("files", lambda: _files(folder)),
        ("networks", lambda: _networks(opened())),
        ("forward pass", lambda: _forward_pass(opened())),
        ("self-test", lambda: _self_test(opened())),
    )
    checks: list[Check] = []
    for name, step in steps:
        try:
            checks.append(Check(name, True, step()))
        except MedidenseError as error:
            checks.append(Check(name, False, "; ".join(error.lines)))
            break
    return Verification(tuple(checks))


def _manifest(folder: Path) -> str:
    manifest, digest = read_manifest(folder)
    return f"{manifest.name} {manifest.version}, {count(len(manifest.models), 'model')}, sha256 {digest}"


def _files(folder: Path) -> str:
    manifest, _ = read_manifest(folder)
    check_files(folder, manifest)
    return f"{len(manifest.files)} files have the sums that the manifest names, and there is no other file"


def _networks(package: Package) -> str:
    return f"{len(package.networks())} x {package.recipe.network.name}, every tensor in its place"


def _forward_pass(package: Package) -> str:
    scores = np.array(_scores(package, seed=1))
    sums = HEADS[package.manifest.kind].sums_to_one
    rule = "sum to 1" if sums else "lie from 0 to 1"
    holds = abs(scores.sum() - 1) <= TOLERANCE if sums else bool(((scores >= 0) & (scores <= 1)).all())
    if not np.isfinite(scores).all() or not holds:
        raise PackageError(str(package.path), f"scores are finite and {rule}", scores.tolist(), "train again")
    return f"finite scores of {len(scores)} {'classes' if sums else 'labels'} that {rule}"


def _self_test(package: Package) -> str:
    where = package.path / SELF_TEST
    stored = read_object(where)
    seed = stored.get("seed")
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise PackageError(str(where), "the seed is a whole number", seed, EXPORT_AGAIN)
    apart = difference(_scores(package, seed), stored)
    if apart is None or not apart <= TOLERANCE:
        found = "no scores" if apart is None else f"they differ by {apart:.3g}"
        step = "do not score on this machine; tell whoever made the package"
        raise PackageError(str(where), f"the stored scores repeat to {TOLERANCE:g}", found, step)
    return (
        "the stored scores repeat bit for bit" if apart == 0 else f"the stored scores repeat to {apart:.1e}"
    )


def _scores(package: Package, seed: int) -> list[float]:
    return synthetic_scores(package.networks(), package.recipe, package.manifest.threads, seed)
