"""What the checks of a run say follows from numbers that were counted, not from what ought to be."""

from collections.abc import Callable
from dataclasses import replace

from medidense.pages import RunContents
from medidense.pages.controls import APART, COPIES, controls, controls_section
from medidense.values import Leakage, Separation

Made = Callable[..., RunContents]
SOUND = Separation(folds=5, subjects=40, rows=230, subjects_in_two=0, images=45, exact_copies=0)


def told(
    made: Made, name: str, found: Separation | None = SOUND, leakage: Leakage | None = None
) -> tuple[str, str]:
    contents = replace(made(), separation=found)
    if leakage is not None:
        contents = replace(contents, evaluation=replace(contents.evaluation, leakage=leakage))
    one = next(one for one in controls(contents) if one.name == name)
    assert one.said.split(".")[0] in controls_section(contents)
    return one.outcome, one.said


def test_a_subject_in_two_parts_fails_with_the_number(made: Made) -> None:
    words = "40 subjects, 5 folds, 230 rows of their parts checked: 0 subjects in two parts of a fold."
    assert told(made, APART) == ("passed", words)
    outcome, said = told(made, APART, replace(SOUND, subjects_in_two=1))
    assert outcome == "failed"
    assert "1 subject in two parts of a fold. The figures are too good" in said
    assert told(made, APART, None)[0] == "not run"


def test_exact_copies_fail_and_near_ones_are_found(made: Made) -> None:
    none = "45 different images compared: 0 exact copies by digest and 0 near copies by look trained on, "
    assert told(made, COPIES) == ("passed", none + "0 copies dropped from training, folds added up.")
    outcome, said = told(made, COPIES, replace(SOUND, exact_copies=3))
    assert outcome == "failed"
    assert "3 exact copies by digest" in said
    assert said.endswith("The figures may be too good.")
    outcome, said = told(made, COPIES, leakage=Leakage("refuse", 0, 1))
    assert outcome == "found"
    assert "1 near copy by look trained on" in said
    outcome, said = told(made, COPIES, leakage=Leakage("drop_from_train", 2, 0))
    assert outcome == "passed"
    assert "2 copies dropped" in said
    assert "too good" not in said


def test_without_digests_images_were_not_compared(made: Made) -> None:
    older = replace(SOUND, images=None)
    outcome, said = told(made, COPIES, older)
    assert outcome == "not run"
    assert "prints.csv (medidense export adds it) lacks images of the run" in said
    assert told(made, COPIES, older, Leakage("refuse", 0, 2))[0] == "found"
    assert told(made, COPIES, None)[0] == "not run"
    assert told(made, APART, older)[0] == "passed"
