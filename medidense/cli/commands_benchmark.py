"""Commands of the group benchmark: does the trainer train, and the chain tell the truth, on known answers?"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import complain
from medidense.cli.options import Device, Json, Where, settings
from medidense.cli.printing import Table, facts, show
from medidense.cli.progress import following


def cifar10(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Holds cifar-10-batches-bin or -py, or is one; by default what --download fetched.",
        ),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the official files (170 MB) into a cache folder first.")
    ] = False,
    recipe: Annotated[
        str,
        typer.Option("--recipe", metavar="NAME", help="cifar10-smoke, -fast, -paper, -finetune, or a YAML."),
    ] = "cifar10-smoke",
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="How many trainings.")] = 3,
    against: Annotated[
        str, typer.Option("--against", metavar="NETWORK", help="Train this network too, by the same recipe.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Test after each epoch too; told, never used to choose.")
    ] = False,
    first: Annotated[
        int | None,
        typer.Option("--first", min=16, metavar="N", help="Only N images of each part, for a try."),
    ] = None,
    device: Where = Device.auto,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="By default a folder below runs/, of its own for each code."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe; repeatable."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Train on CIFAR-10, test, and say whether the stated accuracy is reached.

    The trainer is the one that lesions go through. The official test part chooses nothing; the weights after
    the last step score. The same command goes on with the seeds that are missing. Exit code 1 when the mean
    is below the bound that the recipe states.

    \b
    Example:
      medidense benchmark cifar10 --data cifar-10-batches-bin
      medidense benchmark cifar10 --download --recipe cifar10-fast --against resnet18
    """
    changed = settings(changes or [])
    from medidense.verbs import benchmarking

    options = benchmarking.BenchmarkOptions(
        recipe=recipe,
        settings=changed,
        seeds=seeds,
        against=against,
        watch=watch,
        device=device.value,
        out=out,
        first=first,
    )
    with following(as_json=as_json) as progress:
        result = benchmarking.benchmark_cifar10(data, options=options, download=download, progress=progress)
    tables = [Table(rows[0], tuple(rows[1:]), title) for title, rows in result.tables.items()]
    where = facts([("page", result.page), ("tracking", result.tracking)])
    show([result.verdict, *tables, where], result.to_json(), as_json=as_json)
    return complain([result.verdict], 1) if result.passed is False else 0


def phantom(
    device: Where = Device.auto,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Goes on where it ended. [default: runs/benchmark-phantom-CODE]"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Cross-validate phantoms whose answers are known, and say whether all came as it must.

    One cohort in which shape decides must be learnt, five whose labels are exchanged between subjects must
    not be, and a picture under two subjects must stop the run. Every cross-validation of the same code names
    the newest verdict. Some ten minutes on two cores. Exit code 1 where a side does not hold.

    \b
    Example:
      medidense benchmark phantom
    """
    from medidense.verbs import known_answers

    options = known_answers.KnownAnswersOptions(device=device.value)
    if out is not None:
        options = replace(options, out=out)
    with following(as_json=as_json) as progress:
        result = known_answers.benchmark_phantom(options=options, progress=progress)
    rows = [(trial.name, trial.asked, trial.found, "yes" if trial.holds else "NO") for trial in result.trials]
    table = Table(("side", "must be", "found", "holds"), tuple(rows), "Known answers for lesions")
    where = facts([("page", result.page), ("tracking", result.tracking)])
    show([result.verdict, table, where], result.to_json(), as_json=as_json)
    return complain([result.verdict], 1) if result.passed is False else 0
