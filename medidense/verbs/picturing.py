"""Which pictures does a run have, of whom, and which of them may be handed on?"""

from medidense import durable
from medidense.pages import free_of_text
from medidense.rundir import Picture, RunDir, read_shown
from medidense.values import Predictions
from medidense.verbs.showing import decided_words, surest

LOCK_S = 60.0
"""Seconds that are waited for another process that writes run.json."""


def allow_pictures(run: RunDir) -> None:
    """Keep in the run that its pictures carry no name. Raises LockedError, RunError, WriteError."""
    with durable.locked(run.path, wait_s=LOCK_S):
        run.allow_burned_in()


def pictures(run: RunDir, predictions: Predictions, operating_point: float) -> tuple[Picture, ...]:
    """The pictures that are there, of the surest samples of each kind, decided from `operating_point` on.

    One that shows another sample, or of which ``shown.csv`` does not say whom, is none: `cv` draws it anew.
    Clean are those of modalities without burned-in text, and all where the run's owner has said so
    (`RunDir.burned_in_allowed`). Raises RunError.
    """
    recipe, allowed, shown = run.recipe(), run.burned_in_allowed, read_shown(run.shown_path)
    modality = {fact.sample: fact.modality or recipe.input.modality for fact in run.facts()}
    found = []
    for kind, rank, row in surest(predictions, operating_point):
        path, name = run.saliency / f"{kind}_{rank}.png", predictions.samples[row]
        if path.is_file() and shown.get(path.stem) == name:
            clean = allowed or free_of_text(modality.get(name))
            words = decided_words(predictions, row, operating_point)
            found.append(Picture(path, kind, name, words, clean))
    return tuple(found)


def clean_pictures(run: RunDir) -> tuple[Picture, ...]:
    """Those of a finished run that may leave the run directory. Raises RunError."""
    point = float(run.evaluation_json()["operating_point"])
    return tuple(one for one in pictures(run, run.predictions(), point) if one.clean)
