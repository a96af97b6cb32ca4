"""Is this package what it says it is?"""

from dataclasses import asdict, dataclass
from pathlib import Path

from medidense.package import Check, verify_package


@dataclass(frozen=True)
class VerifyResult:
    """Each check with its outcome; `ok` is True when all of them hold."""

    package: Path
    ok: bool
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, object]:
        """The fields, checks as mappings."""
        return {
            "package": str(self.package),
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
        }


def verify(package: Path) -> VerifyResult:
    """Check every digest of a package, load its models, and repeat the scores stored in it.

    Raises PackageError only where there is no package at all; a damaged one gives ``ok=False``.
    """
    found = verify_package(Path(package))
    return VerifyResult(Path(package), found.ok, found.checks)
