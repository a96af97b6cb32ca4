"""A training by two processes is that by one, and every rank ends with the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from medidense.errors import UsageError
from medidense.train import Device
from medidense.train.ranks import Ranks

SCRIPT = Path(__file__).with_name("rank_script.py")
TOLERANCE = 1e-4
"""Of a weight after four to eight steps of SGD (measured: 1.4e-5)."""


def trained(name: str, ranks: int, folder: Path) -> list[dict[str, torch.Tensor]]:
    """What each rank of a training ends with."""
    common = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    common["PYTHONPATH"] = str(Path(__file__).parents[2])
    processes = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), name, str(rank), str(ranks), str(folder)],
            env=common | ({"LOCAL_RANK": str(rank)} if ranks > 1 else {}),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(ranks)
    ]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * ranks, said
    return [load_file(folder / f"{ranks}-{rank}.st") for rank in range(ranks)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["parts", "auxiliary", "changed", "rows", "gradual", "stopping", "lean", "covariates"]
)
def test_two_ranks_are_one(name: str, tmp_path: Path) -> None:
    same_as_one(name, tmp_path)


def test_two_ranks_are_one_with_dropout_and_class_weights(tmp_path: Path) -> None:
    same_as_one("plain", tmp_path)


def same_as_one(name: str, folder: Path) -> None:
    (alone,) = trained(name, 1, folder)
    first, second = trained(name, 2, folder)
    for key, value in alone.items():
        assert torch.equal(first[key], second[key]), key
        torch.testing.assert_close(first[key], value, atol=TOLERANCE, rtol=TOLERANCE, msg=key)


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("parts", [1, 2, 3, 9])
def test_the_ranks_rows_are_their_shares_of_each_micro_batch(count: int, parts: int) -> None:
    for size in range(count, 40):
        rows = []
        for rank in range(count):
            ranks = of(count, rank)
            mine = ranks.rows(size, parts)
            assert mine is not None
            pieces = torch.tensor_split(mine, ranks.pieces(size, parts))
            whole = torch.tensor_split(torch.arange(size), ranks.pieces(size, parts))
            for piece, micro in zip(pieces, whole, strict=True):
                assert torch.equal(piece, torch.tensor_split(micro, count)[rank])
                assert len(piece) > 0
            rows.append(mine)
        assert sorted(torch.cat(rows).tolist()) == list(range(size))


def of(count: int, rank: int) -> Ranks:
    """A rank without the others."""
    ranks = Ranks(Device("cpu", "fp32", 1))
    ranks.count, ranks.rank = count, rank
    return ranks


def test_one_process_is_no_training_on_two_devices() -> None:
    with pytest.raises(UsageError, match="runs in as many processes"):
        Ranks(Device("cpu", "fp32", 1, 2))
