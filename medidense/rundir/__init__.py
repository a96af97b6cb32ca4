"""A run directory: plain files to and from values, whoever has it needs no database."""

from medidense.rundir.asked import Asked, benchmark_folder, code_digest
from medidense.rundir.choices import Choice, read_choices, write_choices
from medidense.rundir.controls import read_controls, read_features, write_controls, write_features
from medidense.rundir.covariates import BASELINE, read_encoding, write_encoding
from medidense.rundir.external_dir import ExternalDir
from medidense.rundir.fold_dir import FoldDir
from medidense.rundir.groups import group_cells, read_groups, write_groups
from medidense.rundir.journal import Happened, Journal, State
from medidense.rundir.layout import RunDir
from medidense.rundir.pictures import Picture, read_shown, write_shown
from medidense.rundir.presence import Presence, living, this_process
from medidense.rundir.prints import read_prints, write_prints
from medidense.rundir.recipes import parsed_settings, read_recipe, recipe_text, write_recipe
from medidense.rundir.sanity import newest_sanity, note_sanity
from medidense.rundir.separation import separation_of
from medidense.rundir.splits import write_splits
from medidense.rundir.starts import StartFacts, write_start
from medidense.rundir.states import StateFiles
from medidense.rundir.tables import (
    LABEL,
    SCORE,
    join_predictions,
    label_cells,
    label_columns,
    mean_predictions,
    read_epochs,
    read_predictions,
    write_crossings,
    write_epochs,
    write_facts,
    write_predictions,
)

__all__ = [
    "BASELINE",
    "LABEL",
    "SCORE",
    "Asked",
    "Choice",
    "ExternalDir",
    "FoldDir",
    "Happened",
    "Journal",
    "Picture",
    "Presence",
    "RunDir",
    "StartFacts",
    "State",
    "StateFiles",
    "benchmark_folder",
    "code_digest",
    "group_cells",
    "join_predictions",
    "label_cells",
    "label_columns",
    "living",
    "mean_predictions",
    "newest_sanity",
    "note_sanity",
    "parsed_settings",
    "read_choices",
    "read_controls",
    "read_encoding",
    "read_epochs",
    "read_features",
    "read_groups",
    "read_predictions",
    "read_prints",
    "read_recipe",
    "read_shown",
    "recipe_text",
    "separation_of",
    "this_process",
    "write_choices",
    "write_controls",
    "write_crossings",
    "write_encoding",
    "write_epochs",
    "write_facts",
    "write_features",
    "write_groups",
    "write_predictions",
    "write_prints",
    "write_recipe",
    "write_shown",
    "write_splits",
    "write_start",
]
