"""How does a network learn a change of low rank instead of its convolutions themselves?"""

import torch

from medidense.errors import UsageError
from medidense.nets.registry import NetworkRecord


def add_lora(net: torch.nn.Module, record: NetworkRecord, *, rank: int, seed: int) -> None:
    """Put beside each convolution of `net` a product of two thin ones that starts at zero, in place.

    Low-rank adaptation (Hu et al., ICLR 2022, arXiv 2106.09685) by the peft library; scale 1. The first
    factors are drawn from `seed` alone. Raises UsageError where peft is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        step = "pip install 'medidense[finetune]', or choose another start.trains"
        raise UsageError("start.trains lora", "needs the peft library", error, step) from None
    convolutions = [
        name for name, child in net.named_modules() if isinstance(child, torch.nn.modules.conv._ConvNd)
    ]
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=convolutions, bias="none")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        inject_adapter_in_model(config, net)


def merge_lora(net: torch.nn.Module) -> None:
    """Add what was learnt to the convolutions and take the factors out: the plain network again, in place."""
    from peft.tuners.lora.layer import LoraLayer

    adapted = [(name, child) for name, child in net.named_modules() if isinstance(child, LoraLayer)]
    for name, child in adapted:
        plain, (adapter,) = child.get_base_layer(), child.lora_A
        thin, wide = child.lora_A[adapter].weight, child.lora_B[adapter].weight
        # Written out: peft 0.21 cannot merge a 1x1x1 convolution (its 2D case drops two axes of five).
        change = (wide.flatten(1) @ thin.flatten(1)).reshape(plain.weight.shape) * child.scaling[adapter]
        with torch.no_grad():
            plain.weight += change
        parent, _, leaf = name.rpartition(".")
        setattr(net.get_submodule(parent), leaf, plain)
