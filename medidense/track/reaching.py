"""Does the tracking server answer, before anything is asked of it that might wait for long?"""

import http.client
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from medidense.track.quiet import MlflowException

PATIENCE_S = 3.0
"""Seconds that a server has to say anything at all."""


def require_answer(uri: str) -> None:
    """Raise MlflowException where the server at `uri` is away, says 5xx, or is silent for `PATIENCE_S`.

    Whatever else it says shows that it is there. A database file needs no such look. No name, no password and
    no data are sent, so the server's certificate is not asked for here.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/") + "/health"
    open_eyed = ssl.create_default_context()
    open_eyed.check_hostname, open_eyed.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S, context=open_eyed):
            return
    except urllib.error.HTTPError as error:
        if error.code < 500:
            return
        said = f"says {error.code}"
    except TimeoutError:
        said = f"did not answer within {PATIENCE_S:g} s"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        late = isinstance(reason, TimeoutError)
        said = f"did not answer within {PATIENCE_S:g} s" if late else f"is away ({reason})"
    except http.client.HTTPException as error:
        said = f"says no HTTP ({type(error).__name__})"
    raise MlflowException(f"{address.removesuffix('/health')} {said}")
