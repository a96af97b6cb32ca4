"""What should be trained on this cohort, and why?"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from medidense.cohort.constraints import constrained, matched, with_settings
from medidense.cohort.fingerprint import Fingerprint
from medidense.cohort.intensities import choose_intensities
from medidense.cohort.reasons import Choice
from medidense.cohort.sampling import choose_sampling
from medidense.cohort.schedule import choose_schedule
from medidense.values import Recipe, parse_recipe


def plan_recipe(fp: Fingerprint, settings: Mapping[str, Any] = MappingProxyType({})) -> Recipe:
    """A recipe for the cohort with this fingerprint, each key with the sentence that says why.

    `settings` are dotted keys, values as parsed, that are not planned; what depends on them is planned
    accordingly. The same fingerprint gives the same recipe; nothing is measured here. Raises RecipeError for
    settings that do not hold.
    """
    fp = constrained(fp, settings)
    sampling = matched(choose_sampling(fp), settings)
    size = next(choice.value for choice in sampling if choice.key == "input.size")
    choices = [
        *_labels(fp),
        *sampling,
        *choose_intensities(fp),
        *choose_schedule(fp, tuple(size) if isinstance(size, list) else (), settings),
        *_evaluation(),
    ]
    tree: dict[str, Any] = {"reasons": {choice.key: choice.reason for choice in choices}}
    for choice in choices:
        *sections, leaf = choice.key.split(".")
        section = tree
        for name in sections:
            section = section.setdefault(name, {})
        section[leaf] = choice.value
    return with_settings(parse_recipe(tree, f"the plan for {fp.name}"), settings)


def _labels(fp: Fingerprint) -> list[Choice]:
    positive, others = fp.classes[-1], ", ".join(fp.classes)
    if fp.without:
        why = f"The last of the labels ({others}); a map is made for it where no other is asked for."
    else:
        why = _positive_words(others)
    return [
        *_kind(fp),
        Choice("labels.positive", positive, why),
        Choice(
            "labels.soft",
            None,
            "The label itself is the target. Where readers gave a rating, name its column and scale here.",
        ),
        Choice(
            "labels.auxiliary",
            None,
            "Nothing beside the class is learnt. Where readers described the lesions, name those columns.",
        ),
        Choice("labels.train_only", False, "Every row has a label, so every row is tested once."),
        Choice(
            "input.covariates",
            None,
            "The network sees the image alone. Where a column like age is known, name it here.",
        ),
    ]


def _kind(fp: Fingerprint) -> list[Choice]:
    """What a row's truth is, as the table's columns say."""
    order = Choice("labels.order", None, "For grades alone: None takes numbers as their own order.")
    if fp.without:
        why = (
            "The table has columns label_<name>: each label is asked by itself, and an empty cell is unknown."
        )
        return [Choice("labels.kind", "multi_label", why), order]
    why = "The table has one column label, so a sample is of one class."
    if len(fp.classes) > 2:
        why += " Where the classes are grades in order, write ordinal (and labels.order, if they are words)."
    return [Choice("labels.kind", "classes", why), order]


def _positive_words(others: str) -> str:
    return (
        f"The last of the sorted classes ({others}); sensitivity and score speak of it. "
        "Set it to another class if that is the one you look for."
    )


def _deployment() -> list[Choice]:
    """How a package decides; every other way is reported beside."""
    target = "the figures at it are reported; name operating_rule to decide there."
    return [
        Choice(
            "evaluation.operating_rule",
            "fixed",
            "The point above decides. Name a rule to have it chosen, for each fold from the other folds.",
        ),
        Choice("evaluation.target_sensitivity", 0.9, f"A tenth of the positives missed: {target}"),
        Choice("evaluation.target_specificity", 0.9, f"A tenth of the negatives called: {target}"),
        Choice("evaluation.cost_ratio", 5.0, f"A miss costs as much as five false alarms: {target}"),
        Choice(
            "evaluation.deployment_prevalence",
            None,
            "Not known from a cohort: state the share of positives where the model is to be used.",
        ),
        Choice(
            "evaluation.calibration",
            "auto",
            "Platt's with two classes, because balanced batches shift scores too; temperature with more.",
        ),
        Choice(
            "evaluation.coverage",
            0.9,
            "Sets of classes hold the true one nine times in ten; the others are for a human.",
        ),
    ]


def _evaluation() -> list[Choice]:
    return [
        Choice(
            "evaluation.bootstrap", 2000, "Enough draws of subjects for steady limits of the 95 % intervals."
        ),
        Choice(
            "evaluation.operating_point",
            0.5,
            "Half of the score's range, set before any result is known: there a sample is decided for.",
        ),
        *_deployment(),
        Choice(
            "leakage",
            "refuse",
            "One image under two subjects stops the run: the network would be tested on what it learnt by "
            "heart. Published splits that hold such copies run with drop_from_train.",
        ),
    ]
