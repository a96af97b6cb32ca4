import pytest

from medidense.errors import RunError
from medidense.rundir import FoldDir, read_encoding, write_encoding
from medidense.rundir.covariates import BASELINE, ENCODING, covariate_files
from medidense.values import CovariateEncoding

AGE = {"kind": "numeric", "column": "age", "mean": 60.1, "sd": 1 / 3, "low": 40.0, "high": 80.0}


def test_an_encoding_comes_back_to_the_last_digit(tmp_path):
    encoding = CovariateEncoding.model_validate({"covariates": [AGE]})
    write_encoding(encoding, tmp_path)
    assert read_encoding(tmp_path) == encoding
    assert covariate_files(tmp_path) == (tmp_path / ENCODING, tmp_path / BASELINE)


@pytest.mark.parametrize("content", [None, "", "{}", '{"covariates": [{"kind": "numeric"}]}'])
def test_what_is_missing_or_no_encoding_is_an_error(tmp_path, content):
    if content is not None:
        (tmp_path / ENCODING).write_text(content)
    with pytest.raises(RunError, match=ENCODING):
        read_encoding(tmp_path)


def test_a_fold_is_done_only_with_the_covariates_it_was_finished_with(tmp_path):
    place = FoldDir(tmp_path)
    for path in (place.weights, place.predictions_path, place.epochs_path):
        path.write_text("x")
    write_encoding(CovariateEncoding.model_validate({"covariates": [AGE]}), tmp_path)
    place.finish()
    assert place.done
    (tmp_path / ENCODING).write_text("{}")
    assert not place.done
