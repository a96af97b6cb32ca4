"""Who came in, who was left out and why, and who was tested in which fold?"""

from medidense.pages.contents import Flow, RunContents, Size
from medidense.pages.markup import Html, join, table, tag
from medidense.values.wording import class_words, count


def flow_section(contents: RunContents) -> Html:
    """The steps from the cohort to the tested samples, the classes, and a table of the folds."""
    flow, evaluation = contents.flow, contents.evaluation
    totals = evaluation.class_counts.items()
    classes: list[tuple[object, ...]] = [("class", "samples")]
    classes += [(class_words(name), number) for name, number in totals]
    if evaluation.kind == "multi_label":
        classes = [
            ("label", "shown", "not shown", "not known"),
            *(
                (one.name, one.positives, one.samples - one.positives, evaluation.samples - one.samples)
                for one in evaluation.labels
            ),
        ]
    return join(
        [
            tag("ol", *(tag("li", step) for step in _steps(contents)), kind="steps"),
            tag("p", "All samples of a subject are in one part of a fold, so none is trained on and tested."),
            table(classes),
            table(_folds(flow)),
        ]
    )


def _steps(contents: RunContents) -> list[Html]:
    flow, leakage = contents.flow, contents.evaluation.leakage
    steps = [
        _step(_words(flow.cohort), "in the cohort"),
        _step(str(flow.refused), "rows refused (one would stop the run)"),
    ]
    if flow.unlabelled != 0:
        number = "an unknown number" if flow.unlabelled is None else str(flow.unlabelled)
        steps.append(_step(number, "without a label: trained on where their subject is, never tested"))
    steps.append(_step(str(leakage.dropped), "copies of test images dropped from training, folds added up"))
    if leakage.kept:
        steps.append(_step(str(leakage.kept), "near copies of test images trained on all the same"))
    steps.append(_step(_words(flow.tested), "tested by a model that never saw their subject"))
    return steps


def _step(number: str, words: str) -> Html:
    return join([tag("b", number), f" {words}"])


def _words(size: Size) -> str:
    return f"{count(size.subjects, 'subject')}, {count(size.samples, 'sample')}"


def _folds(flow: Flow) -> list[tuple[object, ...]]:
    """A row a fold: samples (subjects) of each part, and the classes tested."""
    classes = list(flow.folds[0].classes) if flow.folds else []
    unused = any(fold.unused for fold in flow.folds)
    head = (
        "fold",
        "trained on",
        "validation",
        "tested",
        "dropped as copies",
        *["left out: no label, subject not trained on"] * unused,
        *(f"tested: {class_words(name)}" for name in classes),
    )
    rows = [
        (
            f"{fold.fold} {fold.name}".strip(),
            _brief(fold.train),
            _brief(fold.validation) if fold.validation.samples else "none",
            _brief(fold.test),
            fold.dropped,
            *[fold.unused] * unused,
            *(fold.classes[name] for name in classes),
        )
        for fold in flow.folds
    ]
    return [head, *rows]


def _brief(size: Size) -> str:
    return f"{size.samples} ({count(size.subjects, 'subject')})"
