import csv
import json

import pytest
from mlflow import MlflowClient

from medidense.errors import OutputExistsError
from medidense.rundir import code_digest, newest_sanity, note_sanity
from medidense.values import Estimate
from medidense.verbs import evaluate, known_answers
from medidense.verbs.known_answers import KnownAnswersOptions, Trial, benchmark_phantom

QUICK = {"network.name": "densenet_small", "training.epochs": 1, "evaluation.bootstrap": 200}


def trials(signal=True, shuffled=(True,) * 5, planted=True):
    middle = [Trial(f"labels exchanged, seed {n}", "", "", holds) for n, holds in enumerate(shuffled)]
    return (Trial("with a signal", "", "0.9", signal), *middle, Trial("a copy", "", "was refused", planted))


@pytest.mark.parametrize(
    ("sides", "passed"),
    [
        (trials(), True),
        (trials(shuffled=(True, False, True, True, True)), True),
        (trials(shuffled=(True, False, True, False, True)), False),
        (trials(signal=False), False),
        (trials(planted=False), False),
    ],
)
def test_one_of_five_shuffles_may_miss_chance_and_nothing_else(sides, passed):
    assert known_answers._passed(sides) is passed


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "states"))
        options = KnownAnswersOptions(subjects=9, shuffles=(1,), settings=QUICK, out=folder / "out")
        yield options, benchmark_phantom(options=options)


def test_a_small_trial_has_every_side_and_no_verdict(trial):
    options, result = trial
    assert [each.name for each in result.trials] == [
        "with a signal",
        "labels exchanged, seed 1",
        "a copy under another subject",
    ]
    assert result.trials[-1].holds, result.trials[-1].found
    assert result.passed is None
    assert result.verdict.startswith("NO VERDICT: AUROC 0.")
    assert newest_sanity(code_digest()) == ()
    written = json.loads((options.out / "known-answers.json").read_text("utf-8"))
    assert written["trials"][0]["auroc"]["value"] == result.trials[0].auroc.value
    assert "was refused" in result.page.read_text("utf-8")


def test_the_sides_stand_in_an_experiment_of_their_own(trial):
    options, result = trial
    assert result.tracking.startswith("MLflow experiment phantom"), result.tracking
    store = options.out.parent / "mlruns" / "mlflow.db"
    client = MlflowClient(f"sqlite:///{store}")
    assert [each.name for each in client.search_experiments() if each.name != "Default"] == ["phantom"]
    (run,) = client.search_runs([client.get_experiment_by_name("phantom").experiment_id])
    signal = result.trials[0]
    assert run.data.metrics["with_a_signal/auroc"] == signal.auroc.value
    assert run.data.params["a_copy_under_another_subject"] == "was refused (holds)"
    assert run.data.tags["mlflow.note.content"] == result.verdict


def test_labels_are_exchanged_where_they_should_be(trial):
    options, _ = trial

    def labels(folder):
        with (options.out / folder / "phantoms" / "cohort.csv").open(encoding="utf-8") as stream:
            return [(row["subject_id"], row["label"]) for row in csv.DictReader(stream)]

    assert labels("signal") != labels("shuffled-1")


def test_the_same_command_keeps_what_is_finished(trial, monkeypatch):
    options, first = trial
    trained = []
    monkeypatch.setattr(
        "medidense.verbs.fold_training.train_fold", lambda *args, **rest: trained.append(args)
    )
    assert benchmark_phantom(options=options).trials == first.trials
    assert not trained


def test_another_trial_there_is_left_alone(trial):
    options, _ = trial
    with pytest.raises(OutputExistsError, match="holds something else"):
        benchmark_phantom(options=KnownAnswersOptions(subjects=12, out=options.out))


def test_a_cross_validation_names_the_newest_verdict_of_its_code(trial):
    options, _ = trial
    run = options.out / "signal" / "run"
    assert evaluate(run).evaluation.sanity == ()
    noted = note_sanity("phantom", passed=True, verdict="PASS: seen")
    assert evaluate(run).evaluation.sanity == (noted,)
    assert json.loads((run / "evaluation.json").read_text("utf-8"))["sanity"] == [noted.to_json()]


def test_a_leak_that_is_not_noticed_is_told(trial, monkeypatch):
    options, _ = trial
    monkeypatch.setattr(known_answers, "cv", lambda *args, **rest: None)
    planted = known_answers._planted(options, lambda *args: None)
    assert not planted.holds
    assert planted.found == "was not noticed"


def test_an_interval_above_one_half_is_no_chance(trial, monkeypatch):
    options, _ = trial
    for estimate, holds in ((Estimate(0.7, 0.51, 0.9), False), (Estimate(0.6, 0.4, 0.8), True)):
        monkeypatch.setattr(known_answers, "_auroc", lambda *args, found=estimate, **rest: found)
        assert list(known_answers._trials(options, lambda *args: None))[1].holds is holds


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole_trial_passes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = benchmark_phantom(options=KnownAnswersOptions(out=tmp_path / "out"))
    assert result.passed, result.verdict
    assert newest_sanity(code_digest())[-1].verdict == result.verdict
