"""What stands for a subject or a sample wherever something leaves the run directory?"""

import hmac
import secrets
from pathlib import Path

from medidense import durable
from medidense.errors import UsageError
from medidense.track.store import waiting_lock

KEY_BYTES = 32


def key_path() -> Path:
    """The user's key file: ``medidense/pseudonym.key`` in ``XDG_CONFIG_HOME`` or ``~/.config``.

    Raises WriteError for a user without a home.
    """
    return durable.home_folder("XDG_CONFIG_HOME", ".config") / "medidense" / "pseudonym.key"


def pseudonym_key() -> bytes:
    """The user's key, 32 random bytes, made on first use with mode 0600.

    Whoever holds it can tell whether a pseudonym is that of a known ID. Raises UsageError when the file holds
    something else, WriteError when it cannot be made.
    """
    path = key_path()
    if not path.is_file():
        with waiting_lock(path.with_suffix(".lock")):
            if not path.is_file():
                durable.write_bytes(path, secrets.token_bytes(KEY_BYTES), durable.PRIVATE)
    with durable.writing(path):
        key = path.read_bytes()
    if len(key) != KEY_BYTES:
        step = "move the file away; a new key gives new pseudonyms"
        raise UsageError(str(path), f"the pseudonym key has {KEY_BYTES} bytes", f"{len(key)} bytes", step)
    return key


def pseudonym(key: bytes, text: str) -> str:
    """``S-`` and the first 10 hex digits of HMAC-SHA256 (RFC 2104) of `text` under `key`.

    >>> pseudonym(bytes(32), "LIDC-0001")
    'S-443c1b18c7'
    """
    return "S-" + hmac.new(key, text.encode(), "sha256").hexdigest()[:10]
