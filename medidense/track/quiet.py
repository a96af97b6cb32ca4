"""How is MLflow brought in without telemetry, chatter and long waits?

Every module of this room takes MLflow from here, because its settings are read when it is first imported.
What the user has set stays as it is.
"""

import logging
import os

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
}
"""With MLflow's own 7 retries a single call to a server that is down blocks for 245 s (measured)."""

for _name, _value in QUIET.items():
    os.environ.setdefault(_name, _value)

import mlflow  # noqa: E402
from alembic.util.exc import CommandError  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

# MONAI imports MLflow too, and may have done so before these settings stood
mlflow.set_telemetry_client()
logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"].upper())
# what a database says comes back as an error, which is told in one line; MLflow would print its traceback too
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

STORE_ERRORS = (MlflowException, SQLAlchemyError, CommandError, OSError)
"""What a store raises that is away, refuses, is damaged, cannot be written, or is of another MLflow."""

__all__ = ["QUIET", "STORE_ERRORS", "MlflowException", "client_of", "mlflow"]


def client_of(uri: str) -> "mlflow.MlflowClient":
    """A client of this store; nothing global is set."""
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
