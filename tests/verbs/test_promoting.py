"""The model of a run as MLflow serves it, in processes of their own, beside `score`."""

import base64
import contextlib
import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from medidense import verbs
from medidense.errors import UsageError
from medidense.io import read_region, read_volume
from medidense.package import load_package
from medidense.values import Marker

CANARY = "KANARIENVOGEL"


def registered(world: Any) -> str:
    """The registered model of which the world's run is made the champion."""
    return str(verbs.promote(world.run).model)


def test_the_champion_is_said_and_told_as_json(here: Any) -> None:
    first = verbs.promote(here.run)
    assert first.store == f"sqlite:///{here.folder.resolve()}/mlruns/mlflow.db"
    again = verbs.promote(f"{first.model}/{first.version}")
    assert again.to_json() == first.to_json() | {"before": first.version}
    assert "(95% CI " in first.auroc


@pytest.mark.parametrize("given", ["", "nothing", "a/b/1", "/1", "name/one", "name/²"])
def test_what_is_neither_a_run_nor_a_version_is_refused(here: Any, given: str) -> None:
    with pytest.raises(UsageError):
        verbs.promote(given or "/")


@pytest.fixture
def served(here: Any, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """`mlflow models serve` of the champion with the fresh scans as its folder: its address, its log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{here.folder}/mlruns/mlflow.db",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MEDIDENSE_SERVE_ROOT": str(here.fresh),
        # MLflow calls `uvicorn` by its name: the environment must be the active one, as the docs say.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "--port", port]
    command += ["--model-uri", f"models:/{registered(here)}@champion", "--host", "127.0.0.1"]
    log = tmp_path / "served.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait(f"http://127.0.0.1:{port}/ping", process, log)
            yield f"http://127.0.0.1:{port}/invocations", log
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until the server answers."""
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def asked(address: str, question: object) -> tuple[int, Any]:
    """Status and answer of one POST."""
    body, kind = json.dumps(question).encode(), {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, kind), timeout=300) as answer:
            return answer.status, json.loads(answer.read(), parse_constant=pytest.fail)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def in_base64(folder: Path) -> str:
    """A series as a ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.slow
def test_a_server_gives_the_scores_of_the_score_command_for_paths_and_for_bytes(
    here: Any, served: tuple[str, Path], tmp_path: Path
) -> None:
    address, log = served
    verbs.score(here.package, [here.fresh], lesions=here.lesions, out=tmp_path / "scores")
    with (tmp_path / "scores" / "scores.csv").open(newline="") as stream:
        table = {row["input"]: row for row in csv.DictReader(stream)}
    with here.lesions.open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    point = ("x_mm", "y_mm", "z_mm", "diameter_mm")
    places = [here.lesions.parent / row["image"] for row in listed]
    lesions = [{name: float(row[name]) for name in point} | {"frame": row["frame"]} for row in listed]
    images = [{"image": str(place.relative_to(here.fresh))} for place in places]
    contents = [{"dicom": in_base64(place)} for place in places]
    rows = [
        source | lesion for kind in (images, contents) for source, lesion in zip(kind, lesions, strict=True)
    ]
    bad = [{"image": f"../{CANARY}", **lesions[0]}, {"dicom": CANARY, **lesions[0]}]
    status, answer = asked(address, {"dataframe_records": [*bad, *rows]})
    assert status == 200
    refused, scored = answer["predictions"][:2], answer["predictions"][2:]
    assert [row["refused"] for row in refused] == ["NO_ACCESS", "BAD_ROW"]
    for place, lesion, row in zip(places * 2, lesions * 2, scored, strict=True):
        wanted = table[str(place)]
        columns = [column for column in wanted if "score" in column]
        assert [column for column in row if "score" in column] == columns
        assert {column: f"{row[column]:.9f}" for column in columns} == {
            column: wanted[column] for column in columns
        }, row["reason"]
        assert (row["decision"], row.get("set")) == (wanted["decision"], wanted.get("set"))
        marker = Marker(tuple(lesion[name] for name in point[:3]), lesion["diameter_mm"])
        volume = read_volume(place)
        exact = load_package(here.package).predict(volume, read_region(volume, marker=marker))
        assert row["score_malignant"] == exact.scores["malignant"]

    columns = list(rows[0])
    split = {"columns": columns, "data": [[row[name] for name in columns] for row in rows[: len(listed)]]}
    assert asked(address, {"dataframe_split": split}) == (200, {"predictions": scored[: len(listed)]})
    assert asked(address, {"dataframe_records": [{"x_mm": CANARY}]})[0] == 400
    assert CANARY not in log.read_text()
