"""A run directory: plain files to and from values, whoever has it needs no database."""

from medidense.rundir.asked import Asked, code_digest
from medidense.rundir.layout import FoldDir, RunDir
from medidense.rundir.recipes import read_recipe, recipe_text, write_recipe
from medidense.rundir.starts import StartFacts, write_start
from medidense.rundir.tables import (
    join_predictions,
    read_predictions,
    write_epochs,
    write_facts,
    write_predictions,
    write_splits,
)

__all__ = [
    "Asked",
    "FoldDir",
    "RunDir",
    "StartFacts",
    "code_digest",
    "join_predictions",
    "read_predictions",
    "read_recipe",
    "recipe_text",
    "write_epochs",
    "write_facts",
    "write_predictions",
    "write_recipe",
    "write_splits",
    "write_start",
]
