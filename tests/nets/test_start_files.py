import pytest
import torch

from medidense.errors import UsageError
from medidense.nets import read_tensors, start_files

WEIGHTS = {"features.conv0.weight": torch.rand(2, 3), "count": torch.tensor(4)}


def saved(path, content):
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"state_dict": WEIGHTS, "epoch": 3},
        {"model": {"state_dict": WEIGHTS}},
        {f"module.model.{name}": tensor for name, tensor in WEIGHTS.items()},
        {"model.features.conv0.weight": WEIGHTS["features.conv0.weight"], "count": WEIGHTS["count"]},
    ],
)
def test_weights_are_found_in_what_a_checkpoint_puts_around_them(tmp_path, content):
    found = read_tensors(saved(tmp_path / "net.pth", content))
    assert set(found) == set(WEIGHTS)
    assert torch.equal(found["features.conv0.weight"], WEIGHTS["features.conv0.weight"])


def test_the_old_format_is_read(tmp_path):
    torch.save(WEIGHTS, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert set(read_tensors(tmp_path / "old.pth")) == set(WEIGHTS)


def test_an_object_is_never_built(tmp_path):
    with pytest.raises(UsageError, match="cannot be read as tensors"):
        read_tensors(saved(tmp_path / "net.pt", torch.nn.Linear(2, 2)))


@pytest.mark.parametrize("content", [{}, {"a": 1}, [torch.rand(2)], torch.rand(2), {3: torch.rand(2)}])
def test_what_holds_no_named_tensors_is_refused(tmp_path, content):
    with pytest.raises(UsageError):
        read_tensors(saved(tmp_path / "net.pt", content))


@pytest.mark.parametrize("old", [True, False])
def test_no_damage_gets_out_as_another_error(tmp_path, old):
    whole = tmp_path / "net.pt"
    torch.save(WEIGHTS, whole, _use_new_zipfile_serialization=not old)
    content = whole.read_bytes()
    for number in range(0, len(content), max(1, len(content) // 60)):
        for damaged in (content[:number], content[:number] + b"\xff" * 9 + content[number + 9 :]):
            (tmp_path / "damaged.pt").write_bytes(damaged)
            try:
                read_tensors(tmp_path / "damaged.pt")
            except UsageError:
                continue


def test_sizes_have_a_ceiling(tmp_path, monkeypatch):
    whole = saved(tmp_path / "net.pt", {"a": torch.zeros(1).expand(10_000, 10_000)})
    monkeypatch.setattr(start_files, "LARGEST", 100_000)
    with pytest.raises(UsageError, match="bytes of tensors"):
        read_tensors(whole)
    with pytest.raises(UsageError, match="bytes are read"):
        read_tensors(saved(tmp_path / "large.pt", {"a": torch.zeros(50_000)}))


def test_a_place_that_is_no_file(tmp_path):
    with pytest.raises(UsageError):
        read_tensors(tmp_path)
    with pytest.raises(UsageError):
        read_tensors(tmp_path / "none.safetensors")
