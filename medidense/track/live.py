"""What of a run that is not finished goes to MLflow, read from its files alone?"""

import contextlib
from dataclasses import dataclass

from mlflow.entities import RunTag

from medidense.errors import RunError
from medidense.rundir import Happened
from medidense.track import names
from medidense.track.fold_contents import FoldContents
from medidense.track.session import Session

PROGRESS = "progress"
"""Under which name the memory keeps how many folds the store knows to be finished."""


@dataclass(frozen=True, eq=False)
class Live:
    """A run in training, or one left before its end; `look` sends what is new since the last time."""

    session: Session

    def look(self) -> None:
        """The parent with what was asked, the folds as far as they are, and how each stands.

        What was sent is not sent again; after a kill in between, the same values go out with the same times,
        which adds nothing. Raises what a store raises that is away.
        """
        session, contents = self.session, self.session.contents
        parent = session.parent()
        happened = contents.run.journal.read()
        pooled = contents.run.predictions_path.is_file()
        state = "at work" if pooled and happened.state == "stopped" else happened.state
        status = names.STATUS.get(state, names.STATUS["stopped"])
        if status == names.RUNNING:
            session.runs.tell(names.CV, status)
        with contextlib.suppress(RunError):  # what training starts from is not known before it has started
            session.begin(parent)
        for fold in contents.folds:
            if fold.name not in session.memory.done:
                self._fold(fold, parent)
        self._progress(parent)
        session.runs.tell(names.CV, status, self._end(happened))

    def _fold(self, fold: FoldContents, parent: str) -> None:
        """One fold: finished with its figures, or begun with the epochs that are done."""
        session, happened = self.session, fold.happened()
        if session.contents.run.fold(fold.index).done:
            session.fold(fold, parent)
        elif happened.begun is not None:
            run_id = session.child(fold, parent, round(1000 * happened.begun))
            status = names.STATUS[happened.state]
            if status == names.RUNNING:
                session.runs.tell(fold.name, status)
            session.curves(run_id, fold)
            session.runs.tell(fold.name, status, _last(happened))

    def _progress(self, parent: str) -> None:
        """Say in the cell of the headline, and in the description, how many folds are finished."""
        session = self.session
        folds = session.contents.run.folds
        finished = sum(f"fold-{index}" in session.memory.done for index in range(folds))
        words = f"no result yet: {finished} of {folds} folds trained"
        if session.memory.told.get(PROGRESS) != words:
            note = (
                f"No result yet: {finished} of {folds} folds are trained and tested. The figures follow.\n\n"
            )
            tags = [
                RunTag(names.HEADLINE, words),
                RunTag(names.NOTE, note + "Research software, not a medical device."),
            ]
            session.client.log_batch(parent, tags=tags)
            session.memory.told[PROGRESS] = words
            session.memory.save()

    def _end(self, happened: Happened) -> int:
        """When the run was left, as far as is recorded, in ms since 1970."""
        told = (fold.happened() for fold in self.session.contents.folds)
        moments = [_last(one) for one in (happened, *told) if one.begun is not None]
        return max([self.session.contents.begun, *moments])


def _last(happened: Happened) -> int:
    """The last time that a journal records, in ms since 1970."""
    moments = [happened.begun or 0.0, *(moment for _, moment in happened.epochs)]
    return round(1000 * (max(moments) if happened.ended is None else happened.ended))
