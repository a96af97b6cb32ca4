"""Is scores.csv what the ledger says, column by column?"""

import csv
from pathlib import Path

from medidense.batch.table import AFTER, BEFORE, CALIBRATED, SCORE, SET, is_written, write_scores
from medidense.package import Package
from medidense.values import Score


def test_the_table_column_by_column(package: Package, tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"
    scores = [
        Score(
            "s,1",
            "1.1",
            "1.2",
            "L1",
            scores={"malignant": 1 / 3, "benign": 2 / 3},
            decision="benign",
            seconds=0.12345,
        ),
        Score("s2", status="refused", reason_code="NO_REGION", reason='NO_REGION: "x"'),
    ]
    assert not is_written(target, iter(scores), package.manifest, package.digest)
    write_scores(target, iter(scores), package.manifest, package.digest)
    text = target.read_bytes().decode()
    assert text.splitlines()[0] == (
        "input,study_uid,series_uid,lesion_id,status,reason_code,reason,score_benign,score_malignant,"
        "decision,model_name,model_version,model_sha256,seconds"
    )
    model = ["nodules", "0", package.digest]
    first, second = list(csv.reader(text.splitlines()))[1:]
    assert first == [
        "s,1",
        "1.1",
        "1.2",
        "L1",
        "scored",
        "",
        "",
        "0.666666667",
        "0.333333333",
        "benign",
        *model,
        "0.123",
    ]
    assert second == ["s2", "", "", "", "refused", "NO_REGION", 'NO_REGION: "x"', "", "", "", *model, "0.000"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert "\r" not in text
    assert is_written(target, iter(scores), package.manifest, package.digest)
    assert not is_written(target, iter(scores[:1]), package.manifest, package.digest)


def test_no_class_can_take_the_name_of_another_column() -> None:
    # a class named calibrated has the column score_calibrated
    assert not [name for name in (*BEFORE, CALIBRATED, SET, *AFTER) if name.startswith(SCORE)]
