"""Which files does a package hold, and do they hold together?

manifest.json names every other file with its sha256. Nothing of a package is opened by a path that its
content gives: names are plain file names, checked by pattern, in one folder without links.
"""

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from medidense import durable
from medidense.errors import PackageError, Problem, RecipeError
from medidense.values import Kind, Manifest, Recipe, parse_recipe

MANIFEST, RECIPE, SELF_TEST = "manifest.json", "recipe.json", "selftest.json"
FORMAT = 1
LARGEST_TEXT = 1_000_000
STEEPEST = 1e12
"""Largest slope and intercept of a calibration; scores of nine decimals lead to none beyond."""
"""Bytes of the largest JSON file that is parsed."""
FEWEST: Mapping[Kind, int] = {"classes": 2, "ordinal": 3, "multi_label": 1}
"""Classes of a package of each kind at least."""

EXPORT_AGAIN = "export the package again"


def canonical_json(tree: object) -> bytes:
    """UTF-8 JSON with sorted keys and one line end; equal values give equal bytes.

    >>> canonical_json({"b": 1, "a": None})
    b'{\\n "a": null,\\n "b": 1\\n}\\n'
    """
    return (json.dumps(tree, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest and its sha256. Raises PackageError where it is missing or says what is not understood."""
    if not folder.is_dir():
        raise PackageError(str(folder), "a package is a folder", "none", "medidense export writes one")
    content = _content(folder / MANIFEST)
    tree = parse_object(content, folder / MANIFEST)
    _known_kind(tree, folder / MANIFEST)
    try:
        manifest = Manifest.model_validate(tree)
    except ValidationError as error:
        problems = [_problem(item, folder / MANIFEST) for item in error.errors()]
        raise PackageError.several(problems) from None
    _hangs_together(manifest, folder / MANIFEST)
    return manifest, hashlib.sha256(content).hexdigest()


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file of the manifest is there with its sum, and nothing else. Raises PackageError naming each."""
    there = {path.name: path for path in folder.iterdir()}
    problems = []
    for name in sorted({*there, *manifest.files, MANIFEST}):
        path = folder / name
        if name not in there:
            problems.append(Problem(str(path), "a file of the package is missing", "", EXPORT_AGAIN))
        elif not stat.S_ISREG(path.lstat().st_mode):
            problems.append(Problem(str(path), "a package holds plain files only", "", EXPORT_AGAIN))
        elif name != MANIFEST and name not in manifest.files:
            problems.append(Problem(str(path), "the manifest does not name this file", "", "remove it"))
        elif name != MANIFEST and (found := durable.sha256_file(path)) != manifest.files[name]:
            rule = f"sha256 must be {manifest.files[name]}"
            problems.append(Problem(str(path), rule, found, f"the file was changed; {EXPORT_AGAIN}"))
    if problems:
        raise PackageError.several(problems)


def read_recipe(folder: Path) -> Recipe:
    """The recipe. Raises PackageError."""
    try:
        return parse_recipe(read_object(folder / RECIPE), str(folder / RECIPE))
    except RecipeError as error:
        raise PackageError.several(error.problems) from None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of the package. Raises PackageError."""
    return parse_object(_content(path), path)


def check_agreement(manifest: Manifest, recipe: Recipe, where: Path) -> None:
    """Manifest and recipe speak of one model. Raises PackageError."""
    pairs: dict[str, tuple[object, object]] = {
        "region": (manifest.region, recipe.input.region),
        "kind": (manifest.kind, recipe.labels.kind),
        "dims": (manifest.training.dims, recipe.input.dims),
    }
    if manifest.operating_rule == "fixed":
        pairs["operating_point"] = (manifest.operating_point, recipe.evaluation.operating_point)
    else:
        pairs["operating_rule"] = (manifest.operating_rule, recipe.evaluation.operating_rule)
    if manifest.sets:
        pairs["sets.coverage"] = (manifest.sets.coverage, recipe.evaluation.coverage)
    for key, (said, meant) in pairs.items():
        if said != meant:
            raise PackageError(f"{where} {key}", f"the recipe says {meant}", said, EXPORT_AGAIN)
    wanted = recipe.input.covariates.columns if recipe.input.covariates else ()
    told = {encoding.columns for encoding in manifest.covariates} or {()}
    if told != {wanted}:
        rule = f"the recipe takes the covariates {', '.join(wanted) or 'none'}"
        found = "; ".join(", ".join(columns) for columns in sorted(told))
        raise PackageError(f"{where} covariates", rule, found, EXPORT_AGAIN)


def parse_object(content: bytes, where: Path) -> dict[str, Any]:
    """A JSON object in which no key stands twice. Raises PackageError."""
    try:
        tree = json.loads(content, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise PackageError(str(where), "must be JSON", error, EXPORT_AGAIN) from None
    if not isinstance(tree, dict):
        raise PackageError(str(where), "must be a JSON object", type(tree).__name__, EXPORT_AGAIN)
    return tree


def _without_repeats(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("a key stands twice")
    return tree


def _content(path: Path) -> bytes:
    """The bytes of a small file of the package. Raises PackageError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_TEXT + 1)
    except OSError as error:
        rule = "a package needs this file" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise PackageError(str(path), rule, error.strerror or "", "medidense export writes one") from None
    if len(content) > LARGEST_TEXT:
        raise PackageError(str(path), f"at most {LARGEST_TEXT} bytes are read", "more", EXPORT_AGAIN)
    return content


def _known_kind(tree: Mapping[str, Any], where: Path) -> None:
    """A format and an engine of this version, told apart from a damaged file."""
    if tree.get("format") != FORMAT:
        found = repr(tree.get("format"))[:80]
        rule = f"this version reads packages of format {FORMAT}"
        raise PackageError(f"{where} format", rule, found, "use the version of medidense that wrote it")
    if tree.get("engine") != "torch":
        found = repr(tree.get("engine"))[:80]
        raise PackageError(f"{where} engine", "this version scores torch only", found, "export it for torch")


def _hangs_together(manifest: Manifest, where: Path) -> None:
    """What the fields say of each other."""
    rules = {
        "classes": len(set(manifest.classes)) == len(manifest.classes) >= FEWEST[manifest.kind],
        "positive": manifest.positive in manifest.classes,
        "operating_point": 0 <= manifest.operating_point <= 1,
        "threads": 1 <= manifest.threads <= 1024,
        "models": 0 < len(set(manifest.models)) == len(manifest.models),
        "covariates": len(manifest.covariates) in (0, len(manifest.models)),
        "calibration": _calibrates(manifest),
        "sets": _sets(manifest),
        "operating_points": _points(manifest),
        "files": {*manifest.models, RECIPE, SELF_TEST, *_digest(manifest)} == set(manifest.files),
        "training.p99": manifest.training.p01.low <= manifest.training.p99.high,
    }
    problems = [
        Problem(f"{where} {key}", "the manifest contradicts itself", "", EXPORT_AGAIN)
        for key, holds in rules.items()
        if not holds
    ]
    if problems:
        raise PackageError.several(problems)


def _digest(manifest: Manifest) -> tuple[str, ...]:
    """The file of the training digest, where there is one."""
    return () if manifest.training_digest is None else (manifest.training_digest,)


def _calibrates(manifest: Manifest) -> bool:
    """A calibration of a kind that the classes can have, with terms that a sum can hold."""
    found = manifest.calibration
    if found is None:
        return True
    platt = found.method == "platt"
    fits = len(manifest.classes) == 2 if platt else found.slope > 0 and found.intercept == 0
    return manifest.kind == "classes" and fits and max(abs(found.slope), abs(found.intercept)) <= STEEPEST


def _sets(manifest: Manifest) -> bool:
    """A least score for each class, and a coverage that is a share."""
    found = manifest.sets
    if found is None:
        return True
    inside = 0 < found.coverage < 1 and all(0 <= low <= 1 for low in found.least)
    return manifest.kind == "classes" and inside and len(found.least) == len(manifest.classes)


def _points(manifest: Manifest) -> bool:
    """Thresholds that are scores of two classes, no name twice."""
    points = manifest.operating_points
    two = manifest.kind == "classes" and len(manifest.classes) == 2
    apart = len({point.name for point in points}) == len(points)
    return not points or (two and apart and all(0 <= point.threshold <= 1 for point in points))


def _problem(item: Any, where: Path) -> Problem:
    """One pydantic finding as a Problem."""
    key = ".".join(str(part) for part in item["loc"])
    rule = {"extra_forbidden": "unknown manifest key", "missing": "a manifest needs this key"}
    return Problem(f"{where} {key}", rule.get(item["type"], item["msg"]), "", EXPORT_AGAIN)
