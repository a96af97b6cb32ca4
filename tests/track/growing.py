"""A run directory that grows as a training makes it grow, without a training."""

import shutil
from pathlib import Path
from typing import Any

import mlflow

from medidense.rundir import Picture, RunDir
from medidense.values import EpochRecord

SETTLED = ("run.json", "recipe.yaml", "splits.csv")


class Growing:
    """`run` begins with what is settled before the first gradient; the rest comes from a finished run."""

    def __init__(self, whole: RunDir, place: Path) -> None:
        self.whole, self.run = whole, RunDir(place)
        place.mkdir(parents=True)
        for name in SETTLED:
            shutil.copy2(whole.path / name, place / name)

    def epochs(self, fold: int, first: int, last: int) -> None:
        """Tell the epochs at the places `first` to `last`, counted from 0; their own numbers count from 1."""
        for epoch in range(first + 1, last + 2):
            self.run.fold(fold).journal.tell(EpochRecord(epoch, 0.8 - 0.1 * epoch, 1e-3, 2.0))

    def fold(self, fold: int) -> None:
        """All of a fold of three epochs."""
        with self.run.fold(fold).journal.at_work():
            self.epochs(fold, 0, 2)
            self.finish(fold)

    def finish(self, fold: int) -> None:
        """The files of a finished fold."""
        shutil.copytree(self.whole.fold(fold).path, self.run.fold(fold).path, dirs_exist_ok=True)

    def pool(self) -> None:
        """All that follows when every fold is finished."""
        shutil.copytree(self.whole.path, self.run.path, dirs_exist_ok=True)


def pictures_of(run: RunDir) -> tuple[Picture, ...]:
    """Those of the run, all of which may be handed on."""
    words = "label malignant, decided benign (0.55)"
    return tuple(
        Picture(
            path, path.stem.rpartition("_")[0], f"KANARIENVOGEL/scan{number:02d}.nii.gz", words, clean=True
        )
        for number, path in enumerate(sorted(run.saliency.glob("*.png")))
    )


def everything(uri: str) -> dict[str, Any]:
    """What a store holds: each run by name and uid with its status, tags, params, whole histories, images."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    homes = [item.experiment_id for item in client.search_experiments()]
    folder = Path(uri.removeprefix("sqlite:///")).parent
    found: dict[str, Any] = {"models": len(client.search_logged_models(homes)), "runs": {}}
    for one in client.search_runs(homes):
        points = {
            key: [(p.step, p.timestamp, p.value) for p in client.get_metric_history(one.info.run_id, key)]
            for key in one.data.metrics
        }
        name = f"{one.info.run_name} {one.data.tags.get('medidense.uid', '')}"
        assert name not in found["runs"], "a run stands twice"
        found["runs"][name] = {
            "status": one.info.status,
            "times": (one.info.start_time, one.info.end_time),
            "params": dict(one.data.params),
            "inputs": len(one.inputs.dataset_inputs),
            "points": points,
            "parent": one.data.tags.get("mlflow.parentRunId"),
            "images": len(list(folder.glob(f"artifacts/**/{one.info.run_id}/artifacts/images/*"))),
        }
        for key, values in points.items():
            assert len({step for step, _, _ in values}) == len(values), f"{key} stands twice"
    return found


def statuses(uri: str) -> dict[str, str]:
    """Short run name -> status."""
    return {short(name): one["status"] for name, one in everything(uri)["runs"].items()}


def short(name: str) -> str:
    """A run's name of `everything` without what tells run directories apart."""
    title, uid = name.split()
    return title.removesuffix(f"-{uid[:4]}")
