"""What are the scores of several labels worth, each by itself and on the mean?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from medidense.stats.baselines import (
    BOTH,
    DESCRIPTORS,
    INTENSITY,
    VOLUME,
    WITH_DESCRIPTORS,
    BaselineScores,
    baseline_scores,
)
from medidense.stats.comparing import auroc_estimate, compared
from medidense.stats.decisions import Decisions, decide, decision_figures, figures
from medidense.stats.found import Found
from medidense.stats.intervals import SubjectDraws, percentile_interval, subject_bootstrap
from medidense.stats.ranking import auprc, two_sided, weighted_auprc
from medidense.stats.undefined import undefined_labels
from medidense.values import Estimate, LabelResult, Predictions, SampleFacts
from medidense.values.recipe import EvaluationRules

AUPRC = "auprc"
Rules = dict[str, BaselineScores]


def labels_found(
    predictions: Predictions,
    facts: Sequence[SampleFacts],
    rules: EvaluationRules,
    draws: SubjectDraws,
    rivals: Sequence[BaselineScores] = (),
    whole: Predictions | None = None,
) -> Found:
    """Each label over the rows in which it is known, and the means over those that have both kinds.

    The means' intervals come from `draws` of all subjects, a label's from draws of the subjects in whom it is
    known. A trivial rule stands among the means where every such label has it; `rivals`, scores (N, L) of the
    same rows, stand beside each label. The trivial rules are fitted on `whole`, whose rows these are.
    """
    names = predictions.classes
    questions = {name: predictions.one_label(name) for name in names if _known(predictions, name)}
    table = predictions if whole is None else whole
    trivial = {
        name: baseline_scores(question, facts, table.one_label(name)) for name, question in questions.items()
    }
    trained = {name: {rule.name: rule for rule in found} for name, (found, _) in trivial.items()}
    notes = dict.fromkeys(note for _, left_out in trivial.values() for note in left_out)
    both = [names[column] for column in two_sided(predictions.label)]
    beside = {name: _of_label(predictions, name, rivals) for name in names}
    labels = tuple(
        _label(name, questions.get(name), (*trained.get(name, {}).values(), *beside[name]), rules, draws)
        for name in names
    )
    single = [f"{label.name} ({label.note.lower().rstrip('.')})" for label in labels if label.note]
    said = [f"Left out of the means: {'; '.join(single)}."] if single else []
    said += undefined_labels({name: _decisions(questions[name], rules) for name in both})
    return Found(
        counts={label.name: label.positives for label in labels},
        metrics=_means([questions[name] for name in both], predictions, rules, draws) if both else {},
        confusion=(),
        baselines=_joined(predictions, both, trained),
        notes=(*said, *notes),
        undefined=tuple(said),
        labels=labels,
    )


def _of_label(
    predictions: Predictions, name: str, rivals: Sequence[BaselineScores]
) -> tuple[BaselineScores, ...]:
    """The rivals' scores of one label, (rows that know it, 2): that it is not shown, and that it is."""
    column = predictions.classes.index(name)
    known = predictions.label[:, column] >= 0
    return tuple(
        replace(rival, scores=np.stack([1 - rival.scores, rival.scores], axis=2)[known, column])
        for rival in rivals
    )


def _known(predictions: Predictions, name: str) -> bool:
    """Whether any row says something of this label."""
    return bool((predictions.label[:, predictions.classes.index(name)] >= 0).any())


def _label(
    name: str,
    question: Predictions | None,
    trivial: Sequence[BaselineScores],
    rules: EvaluationRules,
    draws: SubjectDraws,
) -> LabelResult:
    """One label's figures, from as many draws with the same seed as those of all rows."""
    if question is None:
        nothing = Estimate(None)
        return LabelResult(name, 0, 0, 0, nothing, nothing, {}, (), "No row is known.")
    own = SubjectDraws.of(question.subjects, draws.draws, draws.seed)
    truth, score = question.label == 1, question.scores[:, 1]
    area = auprc(truth, score)
    limits = subject_bootstrap(lambda weights: weighted_auprc(truth, score, weights), own) if area else ()
    kind = "" if truth.any() and not truth.all() else "does not show it" if not truth.any() else "shows it"
    return LabelResult(
        name=name,
        samples=len(truth),
        subjects=own.subjects,
        positives=int(truth.sum()),
        auroc=auroc_estimate(question, question.scores, own),
        auprc=Estimate(area, *limits),
        metrics=decision_figures(_decisions(question, rules), own),
        baselines=tuple(compared(question, rule, own) for rule in trivial),
        note=f"Every one of {len(truth)} known rows {kind}: AUROC and AUPRC are not defined." if kind else "",
    )


def _decisions(question: Predictions, rules: EvaluationRules) -> Decisions:
    """What is decided of one label at the operating point."""
    decided = decide(question.scores, 1, rules.operating_point)
    return Decisions(question.label, decided, question.scores, 1)


def _means(
    questions: Sequence[Predictions], predictions: Predictions, rules: EvaluationRules, draws: SubjectDraws
) -> dict[str, Estimate]:
    """AUPRC and the figures at the operating point as means over these labels.

    A figure that one of them has not is no mean of the others: `undefined_labels` says which. (scikit-learn
    counts it as 0 with a warning, or leaves the label out with ``zero_division=nan``.)
    """
    row = {sample: number for number, sample in enumerate(predictions.samples)}
    places = [np.array([row[sample] for sample in question.samples]) for question in questions]
    decisions = [_decisions(question, rules) for question in questions]

    def means(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        each = []
        for question, decision, place in zip(questions, decisions, places, strict=True):
            drawn = weights[:, place]
            area = weighted_auprc(question.label == 1, question.scores[:, 1], drawn)
            each.append({AUPRC: area, **figures(decision, drawn)})
        return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}

    with np.errstate(invalid="ignore", divide="ignore"):
        points = means(np.ones((1, len(row))))
        found = draws.replicate(lambda weights: np.stack(list(means(weights).values()), axis=1))
    return {
        name: Estimate(None)
        if np.isnan(value[0])
        else Estimate(float(value[0]), *percentile_interval(found[:, column]))
        for column, (name, value) in enumerate(points.items())
    }


def _joined(
    predictions: Predictions, both: Sequence[str], trained: dict[str, Rules]
) -> tuple[BaselineScores, ...]:
    """The trivial rules that all these labels have, as scores (N, L); 0 where a label is not known."""
    joined = []
    for rule in (VOLUME, INTENSITY, BOTH, DESCRIPTORS, WITH_DESCRIPTORS):
        if not both or any(rule not in trained[name] for name in both):
            continue
        scores = np.zeros(predictions.scores.shape)
        for name in both:
            column = predictions.classes.index(name)
            scores[predictions.label[:, column] >= 0, column] = trained[name][rule].scores[:, 1]
        joined.append(replace(trained[both[0]][rule], scores=scores))
    return tuple(joined)
