"""Pictures of scans that may carry a name leave the run directory only where somebody has said so."""

import json
import shutil
from pathlib import Path

import pytest

from medidense import durable, verbs
from medidense.rundir import RunDir, read_shown, write_shown
from medidense.verbs.picturing import clean_pictures, pictures
from tests.verbs.conftest import World


@pytest.fixture
def ultrasound(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """The run as if of ultrasound, never logged, in a working folder of its own."""
    run = RunDir(Path(shutil.copytree(here.run, tmp_path / "runs" / "us")))
    (run.path / "tracking.json").unlink()
    for path, ct in ((run.facts_path, ",CT,"), (run.recipe_path, "modality: CT")):
        text = path.read_text(encoding="utf-8")
        assert ct in text
        path.write_text(text.replace(ct, ct.replace("CT", "US")), encoding="utf-8")
    run.save_about(run.about() | {"recipe": {"sha256": durable.sha256_file(run.recipe_path)}})
    monkeypatch.chdir(tmp_path)
    return run


def logged(working: Path) -> list[str]:
    """Files in the store's artifacts that show a scan."""
    found = (working / "mlruns" / "artifacts").rglob("*")
    return sorted(
        path.name
        for path in found
        if path.suffix in (".png", ".webp", ".jpg") and path.parent.name in ("saliency", "images")
    )


def pages(working: Path) -> list[str]:
    return [path.read_text() for path in (working / "mlruns" / "artifacts").rglob("report.html")]


def test_pictures_of_ultrasound_reach_mlflow_only_when_allowed(ultrasound: RunDir, tmp_path: Path) -> None:
    drawn = sorted(path.name for path in ultrasound.saliency.glob("*.png"))
    verbs.report(ultrasound.path)
    assert verbs.sync([ultrasound.path]).items[0].status == "logged"
    assert logged(tmp_path) == []
    assert not any("data:image/jpeg" in page for page in pages(tmp_path))
    assert clean_pictures(ultrasound) == ()

    assert verbs.sync([ultrasound.path], allow_burned_in=True).items[0].status == "logged"
    found = logged(tmp_path)
    assert set(drawn) <= set(found)
    assert len(found) == 3 * len(drawn) > 0
    assert verbs.sync([ultrasound.path]).items[0].status == "logged"
    assert logged(tmp_path) == found
    assert len(clean_pictures(ultrasound)) == len(drawn)


def test_each_sample_is_judged_by_its_own_modality(ultrasound: RunDir) -> None:
    point = ultrasound.evaluation_json()["operating_point"]
    shown = [one.sample for one in pictures(ultrasound, ultrasound.predictions(), point)]
    lines = ultrasound.facts_path.read_text(encoding="utf-8").splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith(shown[0] + ","))
    cells = lines[place].split(",")
    where = lines[0].split(",").index("modality")
    for modality, clean in (("CT", {shown[0]}), ("US", set()), ("", set())):
        lines[place] = ",".join([*cells[:where], modality, *cells[where + 1 :]])
        ultrasound.facts_path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert {one.sample for one in clean_pictures(ultrasound)} == clean


def test_a_picture_of_another_sample_or_of_nobody_known_is_on_no_page(ultrasound: RunDir) -> None:
    point = ultrasound.evaluation_json()["operating_point"]

    def told() -> dict[str, str]:
        found = pictures(ultrasound, ultrasound.predictions(), point)
        return {one.path.stem: one.sample for one in found}

    shown = read_shown(ultrasound.shown_path)
    assert told() == shown != {}
    (first, second, *rest) = shown
    write_shown({**shown, first: shown[second]}, ultrasound.shown_path)
    assert set(told()) == {second, *rest}
    ultrasound.shown_path.unlink()
    assert told() == {}


def test_what_was_said_stands_in_run_json_and_says_nothing_of_other_runs(ultrasound: RunDir) -> None:
    before = json.loads((ultrasound.path / "run.json").read_text())
    assert "allow_burned_in" not in before
    assert not ultrasound.burned_in_allowed
    ultrasound.allow_burned_in()
    after = json.loads((ultrasound.path / "run.json").read_text())
    assert after == before | {"allow_burned_in": True}
