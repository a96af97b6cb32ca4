"""Where does training run, in which numbers, and how is it kept reproducible?"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from medidense.errors import RecipeError, UsageError
from medidense.predict import count_threads, limit_threads
from medidense.values.training import Training


@dataclass(frozen=True)
class Device:
    """Where training runs ("cpu" or "cuda"), the precision of its forward pass, and its CPU threads (not 0).

    Each of several `devices` has a process with as many threads. All belong in the record of a run: with the
    seed they decide every bit of the weights on a CPU.
    """

    name: Literal["cpu", "cuda"]
    precision: Literal["fp32", "bf16"]
    threads: int
    devices: int = 1


def choose_device(wanted: str, settings: Training, devices: int = 1) -> Device:
    """The device for `wanted`, which is "auto" (a GPU where there is one), "cpu" or "cuda".

    Precision and threads come from the recipe: ``auto`` is fp32 on a CPU and bf16 on a GPU, 0 threads are all
    cores that this process may use, shared out among the `devices`. Raises UsageError for another word or a
    GPU that is not there, and RecipeError for bf16 on a CPU or a compiled network on several devices.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError("--device", "there is no such device", wanted, "choose auto, cpu or cuda")
    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise UsageError(
            "--device", "torch sees no CUDA device", wanted, "use --device cpu, or install the driver"
        )
    if devices > 1 and settings.compile:
        rule = "a compiled network trains on one device"
        raise RecipeError("training.compile", rule, f"--devices {devices}", "set it to false, or use one")
    threads = settings.threads or max(1, count_threads(0) // devices)
    if wanted == "cuda" or (wanted == "auto" and present):
        if devices > 1 and devices > (there := torch.cuda.device_count()):
            step = f"use --devices {there}, or --device cpu"
            raise UsageError("--devices", f"torch sees {there} CUDA devices", devices, step)
        return Device("cuda", "fp32" if settings.precision == "fp32" else "bf16", threads, devices)
    if settings.precision == "bf16":
        rule = "on a CPU bf16 gives wrong gradients for small 3D maps, so it is for CUDA only"
        raise RecipeError("training.precision", rule, "bf16", "use auto or fp32")
    return Device("cpu", "fp32", threads, devices)


class Setting:
    """The global state of torch that training needs, held only while training computes.

    It keeps its own random state for dropout, starting from `seed`. Between two blocks torch's random state,
    threads and switches are the caller's, so whoever walks through the records of a training notices nothing.
    """

    def __init__(self, device: Device, seed: int, *, deterministic: bool = True) -> None:
        self._device, self._exact = device, deterministic or device.name == "cpu"
        self._cpu = torch.Generator().manual_seed(seed).get_state()
        on_gpu = device.name == "cuda"
        self._gpu = torch.Generator("cuda").manual_seed(seed).get_state() if on_gpu else None

    def randomness(self) -> dict[str, torch.Tensor]:
        """The random states that dropout goes on from, by device: uint8 CPU tensors."""
        gpu = {} if self._gpu is None else {"cuda": self._gpu}
        return {"cpu": self._cpu.clone()} | {name: state.clone() for name, state in gpu.items()}

    def go_on_from(self, randomness: Mapping[str, torch.Tensor]) -> None:
        """Take up what `randomness` gave; to be called outside a block."""
        self._cpu = randomness["cpu"]
        self._gpu = randomness.get("cuda")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The training's own state inside the block, the caller's before and after it.

        On a CPU every operation is a deterministic one. On CUDA that is asked for where `deterministic` says
        so, but some 3D kernels have no deterministic form: torch warns and two runs may differ in the last
        bits. Otherwise each convolution takes the kernel that is fastest when tried.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(limit_threads(self._device.threads))
            stack.enter_context(_deterministic(self._exact, warn_only=self._device.name == "cuda"))
            flags = torch.backends.cudnn.flags(
                enabled=True, benchmark=not self._exact, deterministic=self._exact
            )
            stack.enter_context(flags)
            stack.enter_context(torch.enable_grad())
            stack.enter_context(self._own_randomness())
            yield

    @contextlib.contextmanager
    def _own_randomness(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=[] if self._gpu is None else [torch.cuda.current_device()]):
            torch.set_rng_state(self._cpu)
            if self._gpu is not None:
                torch.cuda.set_rng_state(self._gpu)
            yield
            self._cpu = torch.get_rng_state()
            if self._gpu is not None:
                self._gpu = torch.cuda.get_rng_state()


@contextlib.contextmanager
def _deterministic(wanted: bool, *, warn_only: bool) -> Iterator[None]:
    """Deterministic operations where they are `wanted`.

    Torch would also fill all memory that it takes, to show who reads what nobody wrote; a search for faults,
    and a pass over the memory each time.
    """
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    switches: Any = torch.utils.deterministic  # a module that changes its class, which no type tells
    filled = switches.fill_uninitialized_memory
    torch.use_deterministic_algorithms(wanted, warn_only=warn_only)
    switches.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        switches.fill_uninitialized_memory = filled
