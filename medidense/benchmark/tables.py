"""What stands in the tables of a benchmark, on a terminal and in its page alike?"""

from collections.abc import Mapping, Sequence
from typing import Any

Rows = list[tuple[str, ...]]


def accuracy_table(results: Sequence[Mapping[str, Any]]) -> Rows:
    """Accuracy and error of what was trained, beside what is published; the first row is the head."""
    rows: Rows = [("network", "test accuracy", "sd over seeds", "error", "seeds")]
    for result in results:
        spread = "-" if result["spread"] is None else f"{100 * result['spread']:.2f}"
        seeds = ", ".join(f"{accuracy:.2%}" for accuracy in result["accuracies"])
        rows.append((result["network"], f"{result['accuracy']:.2%}", spread, f"{result['error']:.2%}", seeds))
    published = results[0]["published"]
    if published is not None:
        source = results[0]["published_source"]
        rows.append(("published", f"{published:.2%}", "-", f"{1 - published:.2%}", source))
    return rows


def cost_table(results: Sequence[Mapping[str, Any]]) -> Rows:
    """What each network costs for one image, and how fast it trained here."""
    head = (
        "network",
        "parameters",
        "GFLOP forward",
        "kept for the gradient",
        "moved, MB",
        "images/s",
        "s a seed",
    )
    rows: Rows = [head]
    for result in results:
        costs, seeds = result["costs"], result["seeds"]
        speed, seconds = (
            sum(seed[key] for seed in seeds) / len(seeds) for key in ("images_per_second", "train_seconds")
        )
        rows.append(
            (
                result["network"],
                f"{costs['parameters']:,}",
                f"{costs['flops'] / 1e9:.3f}",
                f"{costs['kept'] / 1e6:.2f} million",
                f"{costs['moved_mb']:.1f}",
                f"{speed:,.0f}",
                f"{seconds:.1f}",
            )
        )
    return rows


def reached_table(result: Mapping[str, Any]) -> Rows:
    """Seconds of training to each level, a row a seed; only a head where nothing was watched."""
    levels = list(result["seeds"][0]["reached"])
    rows: Rows = [("seed", *(f"{float(level):.0%}" for level in levels))]
    for seed in result["seeds"] if levels else ():
        cells = (seed["reached"][level] for level in levels)
        rows.append((str(seed["seed"]), *("-" if cell is None else f"{cell:.1f} s" for cell in cells)))
    return rows


def all_tables(results: Sequence[Mapping[str, Any]]) -> dict[str, Rows]:
    """The tables by their titles; ones without a row are left out."""
    tables = {
        "Accuracy on the test part": accuracy_table(results),
        "Costs, for one image": cost_table(results),
        "Seconds of training to a test accuracy": reached_table(results[0]),
    }
    return {title: rows for title, rows in tables.items() if len(rows) > 1}
