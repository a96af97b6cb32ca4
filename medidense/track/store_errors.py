"""What does an error of a store say, in one line for people, and what is to be done about it?"""

import re
from importlib.metadata import version

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

LONGEST = 300
"""Letters of what a store says that are passed on."""

SCHEMA = re.compile(r"schema \(found version (\w+)|revision identified by '(\w+)'")


def sentence(error: Exception | str) -> str:
    """An error of the store on one line, short, without a password.

    >>> sentence(OSError("http://me:secret@host is away"))
    'http://host is away'
    """
    told = re.sub(r"//[^/@\s]*@", "//", " ".join(str(error).split()))
    return of_other_mlflow(told) or (told if len(told) <= LONGEST else f"{told[: LONGEST - 2]} …")


def of_other_mlflow(told: str) -> str:
    """What to do where a store says that its tables are those of another MLflow; empty where it does not.

    MLflow itself advises to upgrade the database in both cases.

    >>> of_other_mlflow("schema (found version ffffffffffff, but").partition(":")[0]
    'the store was made by a newer MLflow than the one here'
    """
    found = SCHEMA.search(told)
    if not found:
        return ""
    if not _known(found[1] or found[2]):
        return (
            f"the store was made by a newer MLflow than the one here: update it "
            f"(pip install --upgrade mlflow; {version('mlflow')} is installed)"
        )
    return (
        "the store was made by an older MLflow than the one here: copy its database, then run "
        "mlflow db upgrade ADDRESS_OF_THE_STORE"
    )


def _known(revision: str) -> bool:
    """Whether the MLflow that is installed knows the tables of this revision."""
    from mlflow.store.db.utils import _get_alembic_config  # an internal of MLflow: nothing else rests on it

    scripts = ScriptDirectory.from_config(_get_alembic_config("sqlite://"))
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False
