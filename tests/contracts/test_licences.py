"""No package that medidense needs to run is under the GPL, and the project's own licence is whole."""

import contextlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip("packaging")
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def needed(requirements: list[str]) -> dict[str, metadata.Distribution]:
    """The distributions that these requirements pull in here, themselves included."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [(Requirement(text), frozenset({""})) for text in requirements]
    while waiting:
        wanted, extras = waiting.pop()
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        key = wanted.name.lower().replace("_", "-") + "[" + ",".join(sorted(wanted.extras)) + "]"
        if key not in found:
            found[key] = metadata.distribution(wanted.name)
            inner = frozenset({"", *wanted.extras})
            waiting += [(Requirement(text), inner) for text in found[key].requires or []]
    return found


def licence_of(package: metadata.Distribution) -> str:
    """What a distribution says of its licence: expression, classifiers, first line of the licence field."""
    about = package.metadata
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    first = (about.get("License") or "").strip().split("\n")[0]
    return "; ".join([about.get("License-Expression") or "", *classifiers, first])


def test_nothing_required_is_under_the_gpl(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = needed(project["dependencies"])
    assert len(packages) > 50
    licences = {name: licence_of(package) for name, package in packages.items()}
    bad = {name: text for name, text in licences.items() if re.search(r"\b[AL]?GPL|General Public", text)}
    assert bad == {}


def test_the_constraints_pin_every_direct_dependency(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for group in project["optional-dependencies"].values() for text in group]
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+", pin) for pin in pins)
    assert "torch==2.13.0" in pins
    pinned = {pin.split("==")[0] for pin in pins}
    direct = {
        Requirement(text).name.lower().replace("_", "-") for text in [*project["dependencies"], *extras]
    }
    assert direct - pinned - {"medidense"} == set()
    assert len(project["dependencies"]) <= 23


def test_the_licence_is_the_whole_apache_text(root: Path) -> None:
    text = (root / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text
    assert re.search(r"Copyright \d{4} The medidense authors", text)


def test_every_pinned_version_runs_on_the_oldest_python_named(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    found = {}
    for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        with contextlib.suppress(metadata.PackageNotFoundError):
            package = metadata.distribution(name)
            if package.version == version:
                found[name] = package.metadata.get("Requires-Python") or ""
    assert len(found) > 150
    assert {name for name, wanted in found.items() if not SpecifierSet(wanted).contains(oldest)} == set()
