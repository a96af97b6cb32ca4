"""What does a reviewer see? A real Chromium on a real MLflow server, after cross-validations of phantoms.

Each test is a page, and says what must stand on it. What a killed run and a server that is away leave behind
is asked of the store, without a browser (test_killed, test_following).
"""

import getpass
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from medidense import verbs
from medidense.phantoms import PhantomOptions, write_cohort
from medidense.track.quiet import client_of
from medidense.track.ui import lines, serving
from tests.track.test_ui import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = "Erika-Mustermann"
"""Folder of the data: a name that must stand on no page."""

ONCE_CLICKED = """
localStorage.setItem("mlflow.workflowType_v1", '"machine_learning"');
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
"""
"""What the browser of someone remembers who has clicked Model training, and closed the assistant, once."""

SHOWN = """one => [0.02, 0.45, 0.51].every(share => {
    const box = one.getBoundingClientRect();
    const there = document.elementFromPoint(box.x + box.width / 2, box.y + share * box.height);
    return one.naturalWidth > 0 && one.parentElement.contains(there);
})"""
"""Whether an image can be seen in its card: its upper half, with the words and the picture below them."""

SETTINGS = {"training.epochs": 2, "training.threads": 1, "evaluation.bootstrap": 200}
FOLDS = 2


@dataclass(frozen=True)
class Logged:
    """Two cross-validations in one store; `better` has the higher AUROC, `text` is it with its interval.

    `elsewhere` is the run of the package of `better` on other subjects, `elsewhere_text` its AUROC.
    """

    folder: Path
    uri: str
    experiment: str
    name: str
    better: str
    text: str
    folds: tuple[str, ...]
    elsewhere: str
    elsewhere_text: str


@dataclass
class Reviewer:
    """Opens pages in windows of 1440 x 900 and remembers whom the browser asked."""

    server: str
    logged: Logged
    browser: Any
    hosts: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    def open(self, address: str, *, first_time: bool = False) -> Any:
        """The page at an address below the server; `first_time`: in a browser that remembers nothing."""
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        if not first_time:
            context.add_init_script(ONCE_CLICKED)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or "data"))
        page.goto(address if address.startswith("http") else f"{self.server}/#/{address}")
        return page

    def run(self, part: str = "", run: str = "") -> Any:
        """A page of a run, by default of the better cross-validation."""
        one = f"experiments/{self.logged.experiment}/runs/{run or self.logged.better}"
        return self.open(f"{one}/{part}" if part else one)

    def close(self, page: Any) -> None:
        """Keep what stood on the page, and close it."""
        self.texts.append(page.inner_text("body"))
        page.context.close()


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("reviewed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
            patch.delenv(variable, raising=False)
        drawn = write_cohort(folder / NAMES, PhantomOptions(subjects=12, seed=3))
        cohort = drawn.rename(drawn.with_name("phantoms.csv"))
        runs = []
        for seed in (1, 2):
            options = verbs.CvOptions(folds=FOLDS, seed=seed, device="cpu", settings=SETTINGS)
            runs.append(verbs.cv(cohort, options=options))
        best = max(runs, key=lambda run: run.evaluation.auroc.value or 0)
        verbs.promote(str(runs[0].run))
        uri = f"sqlite:///{folder}/mlruns/mlflow.db"
        client = client_of(uri)
        (experiment,) = (one for one in client.search_experiments() if one.name != "Default")
        where, best_run = [experiment.experiment_id], f"tags.`oof.auroc` = '{best.evaluation.auroc.text()}'"
        (better, *_) = client.search_runs(where, best_run)
        children = client.search_runs(where, f"tags.`mlflow.parentRunId` = '{better.info.run_id}'")
        package = verbs.export(best.run, out=folder / "package").package
        moved = verbs.evaluate(package, strangers(folder / NAMES), out=folder / "out")
        (elsewhere,) = client.search_runs(where, "tags.`medidense.kind` = 'external-validation'")
        yield Logged(
            folder,
            uri,
            experiment.experiment_id,
            experiment.name,
            better.info.run_id,
            best.evaluation.auroc.text(),
            tuple(child.info.run_id for child in children),
            elsewhere.info.run_id,
            moved.external.evaluation.auroc.text(),
        )


def strangers(folder: Path) -> Path:
    """A cohort of six subjects of other names."""
    drawn = write_cohort(folder / "elsewhere", PhantomOptions(subjects=6, seed=77))
    head, *rows = drawn.read_text().splitlines()
    assert head.startswith("subject_id,")
    table = drawn.with_name("elsewhere.csv")
    table.write_text("\n".join([head, *(f"X-{row}" for row in rows)]) + "\n")
    return table


@pytest.fixture(scope="module")
def reviewer(logged: Logged) -> Iterator[Reviewer]:
    binary = shutil.which("chromium")
    if binary is None and not os.environ.get("CI"):
        pytest.skip("needs Debian's chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with serving(logged.uri, port=free_port()) as (server, _), sync_playwright() as driver:
        # no name is resolved: what the page asks elsewhere must fail here as it would in a hospital
        alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = driver.chromium.launch(executable_path=binary, args=["--no-sandbox", alone])
        yield Reviewer(server, logged, browser)
        browser.close()


def seen(page: Any, text: str | re.Pattern[str]) -> Any:
    """The first place with this text, once it can be seen."""
    from playwright.sync_api import expect

    place = page.get_by_text(text).first
    expect(place).to_be_visible()
    return place


def in_sight(place: Any) -> bool:
    """Whether a place lies in the window as it opens, without scrolling."""
    box = place.bounding_box()
    return bool(box) and box["x"] + box["width"] <= 1440 and box["y"] + box["height"] <= 900 and box["y"] >= 0


def test_the_announced_link_opens_the_leaderboard_in_a_browser_that_was_never_here(
    reviewer: Reviewer,
) -> None:
    link = lines(reviewer.logged.uri, reviewer.server)[0].partition(": ")[2]
    page = reviewer.open(link, first_time=True)
    best = seen(page, reviewer.logged.text)
    assert in_sight(best)
    assert "95% CI" in reviewer.logged.text
    seen(page, re.compile("2\\s+matching runs"))
    rows = page.get_by_text(re.compile(r"^\d\.\d{3} \(95% CI .*\)$"))
    assert rows.count() == 2
    assert rows.first.inner_text() == reviewer.logged.text, "the best one stands first"
    floors = page.get_by_text(re.compile(r"; network minus it -?\d"))
    assert floors.count() == 2
    assert in_sight(floors.first)
    names = page.get_by_text(re.compile(r"^densenet\S*-e2-s[12]-[0-9a-f]{4}$"))
    assert names.count() == 2
    assert in_sight(names.first)
    assert page.get_by_text("fold-0").count() == 0
    seen(page, "Leaderboard: pooled AUROC")
    reviewer.close(page)


def test_a_cross_validation_begins_with_its_result(reviewer: Reviewer) -> None:
    page = reviewer.run()
    first = seen(page, re.compile("^Pooled out-of-fold AUROC"))
    assert first.inner_text().startswith(f"Pooled out-of-fold AUROC {reviewer.logged.text} over 12 subjects")
    assert in_sight(seen(page, re.compile("^Best rule without a network: |network minus it")))
    for text in ("Finished", "fold-0", "fold-1", "Cross-Validation"):
        assert in_sight(seen(page, text)), text
    assert "phantoms (" in page.inner_text("body"), "the data set with its digest"
    assert "Research software, not a medical device." in page.inner_text("body")
    folds = page.get_by_role("link", name=re.compile("^fold-"))
    links = [folds.nth(index).get_attribute("href") for index in range(folds.count())]
    assert {link.rpartition("/")[2] for link in links} == set(reviewer.logged.folds)
    assert in_sight(page.get_by_role("link", name=reviewer.logged.name).last), "its registered model"
    assert page.get_by_text("oof/auroc", exact=True).count()
    reviewer.close(page)


def test_the_image_grid_shows_pictures(reviewer: Reviewer) -> None:
    page = reviewer.run("model-metrics")
    seen(page, re.compile("^gradcam"))
    seen(page, re.compile("^oof"))
    pictures = page.locator("img[src*='gradcam']")
    pictures.first.wait_for()
    assert page.get_by_text("No image logged at this step").count() == 0
    page.wait_for_function(SHOWN, arg=pictures.first.element_handle())  # else it is scrolled out of its card
    assert in_sight(page.get_by_text(re.compile("^gradcam/")).first), "sections stand by their letters"
    for index in range(pictures.count()):
        page.wait_for_function("one => one.naturalWidth > 0", arg=pictures.nth(index).element_handle())
    reviewer.close(page)


def test_a_fold_shows_its_loss(reviewer: Reviewer) -> None:
    page = reviewer.run("model-metrics", run=reviewer.logged.folds[0])
    seen(page, re.compile("^fold-\\d"))
    seen(page, re.compile("^train$")).scroll_into_view_if_needed()
    seen(page, "loss")
    reviewer.close(page)


def test_the_curves_of_the_folds_open_by_their_link(reviewer: Reviewer) -> None:
    (link,) = (line for line in lines(reviewer.logged.uri, reviewer.server) if "=folds&" in line)
    page = reviewer.open(link[link.index("http") :])
    top = seen(page, re.compile("^Folds"))
    assert in_sight(top)
    assert in_sight(seen(page, re.compile("train/loss")))
    reviewer.close(page)


def test_the_roc_figure_is_drawn(reviewer: Reviewer) -> None:
    page = reviewer.run("artifacts/figures/roc.png")
    figure = page.locator("img[alt='figures/roc.png'], img[src^='blob:'], img[src*='roc.png']").first
    figure.wait_for()
    assert figure.evaluate("one => one.naturalWidth") > 300
    reviewer.close(page)


def test_scores_stand_in_a_table_under_pseudonyms(reviewer: Reviewer) -> None:
    page = reviewer.run("artifacts/tables/oof_predictions.json")
    for column in ("sample", "subject", "fold", "label", "score_benign", "score_malignant"):
        seen(page, column)
    rows = page.get_by_text(re.compile("^S-[0-9a-f]{10}$"))
    assert rows.count() >= 2 * 12
    assert page.get_by_text(re.compile("^S[0-9]{2}$")).count() == 0
    reviewer.close(page)


def test_the_report_opens_inside_the_page(reviewer: Reviewer) -> None:
    page = reviewer.run("artifacts/report/report.html")
    page.locator("iframe").first.wait_for()
    report = page.frame_locator("iframe").first
    report.get_by_text("Research software, not a medical device.").first.wait_for()
    assert reviewer.logged.text in report.locator("body").inner_text()
    heads = report.locator("h2").all_inner_texts()
    assert {"Flow of participants", "Against rules without a network", "Mistakes", "Controls"} <= set(heads)
    reviewer.texts.append(report.locator("body").inner_text())
    reviewer.close(page)


def test_the_registered_model_names_challenger_and_champion(reviewer: Reviewer) -> None:
    page = reviewer.open(f"models/{reviewer.logged.name}")
    for alias in ("challenger", "champion"):
        tag = page.get_by_role("status", name=alias)
        tag.wait_for()
        assert in_sight(tag)
    reviewer.close(page)
    page = reviewer.open(f"models/{reviewer.logged.name}/versions/1")
    assert "(95% CI " in seen(page, re.compile("^Pooled out-of-fold AUROC")).inner_text()
    seen(page, re.compile("Inputs \\(\\d+\\)"))
    reviewer.close(page)


def test_a_package_elsewhere_has_a_view_and_a_page_and_stands_at_the_model(reviewer: Reviewer) -> None:
    logged = reviewer.logged
    (link,) = (line for line in lines(logged.uri, reviewer.server) if "=external&" in line)
    page = reviewer.open(link[link.index("http") :])
    assert in_sight(seen(page, logged.elsewhere_text))
    seen(page, re.compile("1\\s+matching run"))
    assert in_sight(seen(page, "external validation on elsewhere"))
    reviewer.close(page)
    page = reviewer.run(run=logged.elsewhere)
    first = seen(page, re.compile("^External validation: AUROC"))
    assert first.inner_text().startswith(
        f"External validation: AUROC {logged.elsewhere_text} over 6 subjects"
    )
    assert in_sight(first)
    assert "elsewhere (" in page.inner_text("body"), "the data set with its digest"
    assert page.get_by_text("external/auroc", exact=True).count()
    reviewer.close(page)


def test_nobody_is_named_and_nobody_else_is_asked(reviewer: Reviewer) -> None:
    """Of all pages above: so this stands last."""
    assert len(reviewer.texts) >= 11
    assert reviewer.hosts <= {"127.0.0.1", "data"}
    text = "\n".join(reviewer.texts)
    paths = re.sub(r"Path: ?\n?file:\S+", "", text)  # the one line in which MLflow shows its own folder
    for word in (NAMES, "PHANTOM-S", str(Path.home()) + "/", str(reviewer.logged.folder)):
        assert word not in paths, word
    login = getpass.getuser()
    assert not re.search(rf"\b{re.escape(login)}\b", paths)
