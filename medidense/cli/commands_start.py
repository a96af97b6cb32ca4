"""Commands to get to know medidense by: ui and demo."""

from pathlib import Path
from typing import Annotated

import typer

from medidense.cli.errors import emit
from medidense.cli.options import Json
from medidense.cli.printing import duration, facts, show
from medidense.cli.progress import following
from medidense.values.wording import count


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this machine.")] = 5000,
    as_json: Json = False,
) -> int:
    """Serve the MLflow page of your runs, on this machine only.

    It runs until Ctrl-C. docs/mlflow.md says how to read it.

    \b
    Example:
      medidense ui --port 5001
    """
    from medidense import verbs

    announced: list[str] = []

    def told(line: str) -> None:
        if not as_json:
            emit(line)
        elif not announced:
            show([], {"url": f"http://127.0.0.1:{port}"}, as_json=True)
        announced.append(line)

    verbs.ui(port=port, told=told)
    return 0


def demo(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to write; by default demo/.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of the made-up scans and of training.")
    ] = 0,
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="Shuffle labels by subject: nothing can be learnt then.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Run the whole chain on made-up chest scans.

    Scan, check, plan, cross-validate, explain, export and score, by the functions that your own data would go
    through. Takes about 4 minutes on two cores.

    \b
    Example:
      medidense demo --out /tmp/demo
    """
    from medidense import verbs

    with following(as_json=as_json) as progress:
        result = verbs.demo(out=out, seed=seed, shuffle_labels=shuffle_labels, progress=progress)
    table = facts(
        [
            (
                "AUROC",
                f"{result.auroc.text()}, out of fold" + (", labels shuffled" if result.shuffled else ""),
            ),
            ("took", duration(result.seconds)),
            ("cohort", result.cohort),
            ("run", result.run),
            ("package", result.package),
            ("scores", f"{result.scores} ({count(result.scored, 'lesion')} scored)"),
            ("maps", result.saliency),
            ("tracking", result.tracking),
        ]
    )
    follow = ["Next, try:", *(f"  {command}" for command in result.next_commands)]
    show([table, *follow], result.to_json(), as_json=as_json)
    return 0
