"""Every item of both lists stands there, with its state."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from medidense.pages import RunContents
from medidense.pages.checklist import GIVEN, checklist_counts, checklist_section
from medidense.pages.checklist_answers import Answer, answers
from medidense.pages.checklist_items import CLAIM, TRIPOD
from medidense.values import Estimate, Subgroup
from medidense.values.covariates import Covariates

PARTS = {
    "3": "abc",
    "5": "ab",
    "6": "abc",
    "8": "abc",
    "9": "abc",
    "12": "abcdefg",
    "18": "abcdef",
    "20": "abc",
}
PARTS |= {"23": "ab", "27": "abc"}


def test_the_items_and_their_parts_are_counted_as_theirs() -> None:
    assert [item.number for item in CLAIM] == [str(n + 1) for n in range(44)]
    numbers = [f"{n}{part}" for n in map(str, range(1, 28)) for part in PARTS.get(n, ("",))]
    assert [item.number for item in TRIPOD] == numbers
    assert len(numbers) == 52
    of_given = [item.number for item in TRIPOD if item.only == "E"]
    assert of_given == ["12f", "12g", "20c", "24"]


@pytest.mark.parametrize("kind", ["binary", "classes", "ordinal", "multi_label"])
def test_what_the_run_knows_is_filled_and_the_rest_is_marked(
    made: Callable[..., RunContents], kind: str
) -> None:
    contents = made(kind)
    found = answers(contents)
    assert {item.answer for item in (*CLAIM, *TRIPOD) if item.answer} == found.keys()
    section = checklist_section(contents)
    counts = checklist_counts(contents)
    assert [sum(one.values()) for one in counts.values()] == [44, 52]
    assert section.count("<td>partly</td>") == sum(one["partly"] for one in counts.values())
    assert section.count("Authors: ") == sum(one["partly"] for one in counts.values()) > 15
    left = sum(one["left to the authors"] for one in counts.values())
    assert section.count('<span class="blank">left to the authors</span>') == left > 30
    assert section.count(GIVEN) == counts["TRIPOD+AI"]["not applicable"] == 4
    for name, one in counts.items():
        said = f"{name}: {one['filled']} filled, {one['partly']} partly, {one['left to the authors']} left"
        assert said in section
    assert contents.evaluation.auroc.text() in section
    assert "CC BY 4.0" in section


def state(contents: RunContents, listed: str, number: str) -> str:
    """How an item stands on the page."""
    section = checklist_section(contents)
    own = section[section.index(f"<h3>{listed}</h3>") :]
    row = own[own.index(f"<tr><td>{number}</td>") :].partition("</tr>")[0]
    return row.split("<td>")[3].replace('<span class="blank">', "").partition("<")[0]


@pytest.mark.parametrize(
    ("listed", "number", "expected"),
    [
        ("CLAIM 2024", "1", "left to the authors"),
        ("CLAIM 2024", "8", "left to the authors"),
        ("CLAIM 2024", "9", "filled"),
        ("CLAIM 2024", "11", "left to the authors"),
        ("CLAIM 2024", "12", "partly"),
        ("CLAIM 2024", "14", "partly"),
        ("CLAIM 2024", "21", "partly"),
        ("CLAIM 2024", "36", "partly"),
        ("CLAIM 2024", "41", "left to the authors"),
        ("TRIPOD+AI", "8a", "partly"),
        ("TRIPOD+AI", "10", "partly"),
        ("TRIPOD+AI", "12g", "not applicable"),
        ("TRIPOD+AI", "16", "filled"),
        ("TRIPOD+AI", "18e", "left to the authors"),
        ("TRIPOD+AI", "18f", "partly"),
        ("TRIPOD+AI", "27a", "left to the authors"),
    ],
)
def test_an_answer_that_is_no_answer_does_not_count(
    made: Callable[..., RunContents], listed: str, number: str, expected: str
) -> None:
    assert state(made(), listed, number) == expected


def test_what_is_decided_by_and_on_whom_is_said_where_it_is_known(made: Callable[..., RunContents]) -> None:
    contents = made()
    found = answers(contents)
    assert "The scores are not recalibrated." in found["imbalance"].said
    assert "Decided for malignant from 0.5 on, set before any result." in found["output"].said
    assert "Operating points shown: fixed, sensitivity, specificity, youden, cost." in found["output"].said
    assert "net benefit" in found["measures"].said
    assert (
        "24 subjects, 4 folds, 192 rows of their parts checked: 0 subjects in two" in found["disjoint"].said
    )
    assert "47 different images compared: 0 exact copies" in found["disjoint"].said
    assert found["robust"].said.startswith("AUROC of rows matched in size 0.")
    assert found["subgroups"].said.endswith(found["robust"].said)
    assert "A package averages the folds' networks." in found["ensemble"].said
    assert found["differences"] == Answer("None: one cohort, cut by subject.")
    bare = answers(replace(contents, evaluation=replace(contents.evaluation, subgroups=(), matched=None)))
    assert bare["robust"].said == bare["clusters"].said == ""
    grades = answers(made("ordinal"))
    assert "not recalibrated" in grades["imbalance"].said
    assert grades["output"] == Answer("A score a class.")


def test_a_cut_by_sites_leaves_their_differences_to_the_authors(made: Callable[..., RunContents]) -> None:
    contents = made()
    ran = replace(contents.ran, facts={**contents.ran.facts, "split": "site: 3 folds by subject"})
    assert state(replace(contents, ran=ran), "TRIPOD+AI", "16") == "partly"


def parts_of(*given: tuple[str, str, int, float | None]) -> tuple[Subgroup, ...]:
    """Subgroups: by, group, subjects, AUROC."""
    return tuple(
        Subgroup(by, group, 2 * number, number, {"benign": number}, Estimate(area))
        for by, group, number, area in given
    )


SEXES = (("sex", "F", 31, 0.8), ("sex", "M", 40, 0.7))
SITES = (("site", "site 1", 40, 0.8), ("site", "site 2", 35, 0.7), ("site", "site 3", 12, None))


def with_parts(contents: RunContents, *given: tuple[str, str, int, float | None]) -> RunContents:
    return replace(contents, evaluation=replace(contents.evaluation, subgroups=parts_of(*given)))


def test_demography_and_clusters_come_from_the_subgroups(made: Callable[..., RunContents]) -> None:
    contents = made()
    found = answers(with_parts(contents, *SEXES, *SITES, ("site", "not known", 50, 0.7)))
    assert "Subjects by sex: F 31, M 40. Subjects by site: site 1 40, site 2 35" in found["people"].said
    assert found["clusters"].said == "AUROC of 2 of 3 sites, among the subgroups."
    assert found["subgroups"].left == ""
    assert found["robust"].said.startswith("Subgroups by sex, site. ")
    assert answers(with_parts(contents, *SITES))["subgroups"].left
    scanners = [("scanner", *part[1:]) for part in SITES[:2]]
    both = answers(with_parts(contents, *SITES, *scanners))["clusters"].said
    assert both == "AUROC of 2 of 3 sites and 2 of 2 scanners, among the subgroups."


def test_subgroups_that_have_counts_alone_fill_no_item_of_figures(made: Callable[..., RunContents]) -> None:
    contents = made()
    few = with_parts(contents, ("sex", "F", 15, None), ("sex", "M", 9, None), *SITES[1:])
    found = answers(few)
    assert found["clusters"].said == "", "one site that has a figure differs from nothing"
    assert "sex" not in found["robust"].said
    assert "Subgroups by site." in found["robust"].said
    assert "sex" not in found["subgroups"].said
    assert found["subgroups"].left
    for number, expected in (
        ("12d", "left to the authors"),
        ("23a", "partly"),
        ("23b", "left to the authors"),
    ):
        assert state(few, "TRIPOD+AI", number) == expected
    evaluation = replace(few.evaluation, matched=None, subgroups=parts_of(("sex", "F", 15, None)))
    assert state(replace(few, evaluation=evaluation), "CLAIM 2024", "30") == "left to the authors"


def test_only_figures_that_there_are_are_named(made: Callable[..., RunContents]) -> None:
    binary, classes = made(), made("classes")
    said = answers(binary)["measures"]
    assert said.left == ""
    assert "calibration slope, intercept, error, net benefit" in said.said
    assert said.said.endswith("Compared with rules without a network, paired.")
    said = answers(classes)["measures"]
    assert classes.evaluation.calibration is not None
    assert classes.evaluation.calibration.figures["raw"].slope.value is None
    assert "calibration error" in said.said
    alone = replace(binary, evaluation=replace(binary.evaluation, baselines=()))
    assert "ompared" not in answers(alone)["measures"].said
    assert state(alone, "TRIPOD+AI", "12e") == "partly"
    none = Estimate(None)
    rules = tuple(
        replace(one, auroc=none, network_minus_baseline=none) for one in binary.evaluation.baselines
    )
    undefined = replace(
        binary.evaluation,
        auroc=none,
        metrics=dict.fromkeys(binary.evaluation.metrics, none) | {"specificity": Estimate(0.9)},
        baselines=rules,
        calibration=None,
        decision_curve=None,
        prediction_sets=None,
    )
    bare = replace(binary, evaluation=undefined)
    found = answers(bare)
    assert found["measures"].said == "specificity."
    assert found["decisions"].said == "specificity 0.900"
    assert found["headline"].said == ""
    for listed, number in (("CLAIM 2024", "32"), ("CLAIM 2024", "37")):
        assert state(bare, listed, number) == "left to the authors"


def test_missing_labels_and_empty_cells_are_named_where_they_are_known(
    made: Callable[..., RunContents],
) -> None:
    contents = made()
    assert answers(contents)["missing"].said == "Every row has a label."
    extra = Covariates(columns=("age", "psa"))
    recipe = contents.recipe.model_copy(
        update={"input": contents.recipe.input.model_copy(update={"covariates": extra})}
    )
    flow = replace(contents.flow, unlabelled=60)
    found = answers(replace(contents, recipe=recipe, flow=flow, empty_cells={"age": 3}))["missing"]
    assert "60 rows without a label: trained on where their subject is, never tested." in found.said
    assert "Empty cells: age 3." in found.said
    assert found.left.startswith("how many cells of psa are empty; ")


def test_rows_without_a_label_that_cannot_be_counted_leave_the_item_to_the_authors(
    made: Callable[..., RunContents],
) -> None:
    contents = made()
    unknown = replace(contents, flow=replace(contents.flow, unlabelled=None))
    found = answers(unknown)["missing"]
    assert found.said == ""
    assert found.left.startswith("how many rows have no label; ")
    for listed, number in (("CLAIM 2024", "12"), ("TRIPOD+AI", "11")):
        assert state(unknown, listed, number) == "left to the authors"
