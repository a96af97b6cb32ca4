"""How is a cohort to be split? Checked as soon as it is asked, before any file is read."""

from dataclasses import dataclass

from medidense.errors import UsageError

SPLITS = ("kfold", "repeated", "nested", "site", "column")
"""k folds; k folds several times; k folds with inner ones that choose; a site each; a column's parts."""

COUNTED = ("kfold", "repeated", "nested")
"""Splits whose number of folds is asked for; the cohort decides that of the others."""

STRATA = ("label", "site")
"""What the parts are alike in: the label, or the label within each site."""

FOLDS, REPEATS = 5, 3
"""Where none are asked for."""

MODELS = 1000
"""Folds of all repeats at most: each has a seed of its own among those of the run's seed."""


@dataclass(frozen=True)
class SplitPlan:
    """One way to split, and its numbers; None is the default where a number is needed.

    Raises UsageError for a word or a number that does not hold, and for a number that this split has no
    use for.
    """

    kind: str = "kfold"
    folds: int | None = None
    repeats: int | None = None
    stratify: str = "label"
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("--split", self.kind, SPLITS)
        _one_of("--stratify", self.stratify, STRATA)
        if self.kind not in COUNTED and self.folds is not None:
            rule = f"the cohort decides the number of folds with --split {self.kind}"
            raise UsageError("--folds", rule, self.folds, "leave it out")
        if self.kind not in COUNTED and self.stratify != "label":
            rule = f"--split {self.kind} takes the parts as they are"
            raise UsageError("--stratify", rule, self.stratify, "leave it out")
        if self.kind != "repeated" and self.repeats is not None:
            raise UsageError(
                "--repeats", "only --split repeated has repeats", self.repeats, "add --split repeated"
            )
        if self.folds is not None and self.folds < 2:
            raise UsageError(
                "--folds", "a cross-validation has at least 2 folds", self.folds, "choose 2 or more"
            )
        if self.repeats is not None and self.repeats < 2:
            raise UsageError("--repeats", "repeats are at least 2", self.repeats, "choose 2 or more")
        if self.fold_count * self.repeat_count > MODELS:
            found = f"{self.fold_count} folds, {self.repeat_count} times"
            raise UsageError("--repeats", f"a run has at most {MODELS} models", found, "choose fewer")
        if not 0 <= self.seed < 2**32:
            raise UsageError(
                "--seed", "a seed is a whole number from 0 to 4294967295", self.seed, "choose another"
            )

    @property
    def fold_count(self) -> int:
        """Folds of one repeat; 0 where the cohort decides."""
        return (self.folds or FOLDS) if self.kind in COUNTED else 0

    @property
    def repeat_count(self) -> int:
        """How often every sample is tested."""
        return (self.repeats or REPEATS) if self.kind == "repeated" else 1

    @property
    def by_site(self) -> bool:
        """Whether the parts are to be alike in the sites too."""
        return self.stratify == "site"


def _one_of(option: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise UsageError(option, f"it takes one of {', '.join(known)}", repr(word), "choose one of them")
