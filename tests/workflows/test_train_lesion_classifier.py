import json
from pathlib import Path
from typing import Any

import pytest

import medidense


@pytest.mark.slow
def test_the_story_tells_what_it_did(trained: Any) -> None:
    figures = json.loads((trained.run / "evaluation.json").read_text())
    assert f"AUROC {figures['auroc']:.3f}" in trained.printed
    assert "of 8 subjects" in trained.printed
    for baseline in figures["baselines"]:
        assert baseline["name"] in trained.printed
    assert trained.recipe.read_text() in trained.printed
    assert medidense.read_recipe(trained.recipe).reasons
    assert f"medidense evaluate runs/{trained.run.name}" in trained.printed


@pytest.mark.slow
def test_a_recipe_that_is_there_is_kept_and_the_run_goes_on(
    story: Any, trained: Any, tiny: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(trained.recipe.parent)
    before = trained.recipe.read_bytes()
    options = medidense.CvOptions(folds=2, device="cpu", settings=tiny)
    subset = trained.cohort.parent / "first.csv"
    lines = trained.cohort.read_text().splitlines()
    subset.write_text("\n".join([lines[0], *lines[1:7]]) + "\n")
    run = story("train_lesion_classifier").main(trained.cohort, trained.recipe, options=options, rows=subset)
    printed = capsys.readouterr().out
    assert trained.recipe.read_bytes() == before
    assert Path(run).resolve() == trained.run.resolve()
    assert f"went on with {run}" in printed
    assert "6 samples of" in printed
    assert "(rows: first)" in printed


def test_a_difference_is_only_what_its_interval_allows(story: Any) -> None:
    verdict = story("train_lesion_classifier").verdict
    assert verdict(0.01, 0.2) == "better"
    assert verdict(-0.2, -0.01) == "worse"
    assert verdict(-0.1, 0.2) == "no difference shown"
    assert verdict(None, None) == "no difference shown"
