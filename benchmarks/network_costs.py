"""What do DenseNet and ResNet cost: parameters, operations, numbers kept for the gradient, bytes moved?

Counted by ``medidense.benchmark.costs`` on torch's meta device, for one image: 224 pixels and 1,000 classes
as on ImageNet, 32 pixels and ten classes as on CIFAR-10 with a stem for small images.

    python benchmarks/network_costs.py
"""

from medidense.benchmark.costs import costs
from medidense.benchmark.stated import named_recipe

LARGE = ("densenet121", "densenet169", "densenet201", "densenet264", "resnet18", "resnet50")
SMALL = ("densenet_small", "densenet_bc_100_12", "densenet_bc_40_48", "densenet121", "resnet18", "resnet50")


def main() -> None:
    """Print a table for each size, as it stands in docs/cifar10.md."""
    recipe = named_recipe("cifar10-paper")[0]
    for side, classes, names in ((224, 1000, LARGE), (32, 10, SMALL)):
        print(f"{side} x {side} pixels, {classes} classes")
        print("| network | parameters | GFLOP forward | kept for the gradient | moved forward |")
        for name in names:
            stem = "small" if side == 32 else "auto"
            settings = {"network.name": name, "network.stem": stem, "input.size": [side, side]}
            found = costs(recipe.with_settings(settings), classes)
            kept, moved = f"{found.kept / 1e6:.1f} million", f"{found.moved_mb:.0f} MB"
            print(f"| {name} | {found.parameters:,} | {found.flops / 1e9:.2f} | {kept} | {moved} |")


if __name__ == "__main__":
    main()
