"""Where do the files of CIFAR-10 come from, where the user has none?"""

import shutil
import tarfile
from pathlib import Path

from medidense import durable
from medidense.benchmark.cifar10_files import BINARY
from medidense.errors import UsageError

ADDRESS = f"https://www.cs.toronto.edu/~kriz/{BINARY.archive}"


def default_folder() -> Path:
    """Where a download goes and is looked for: ``medidense/cifar10`` in the user's folder of caches.

    Raises WriteError for a user without one.
    """
    return durable.home_folder("XDG_CACHE_HOME", ".cache") / "medidense" / "cifar10"


def fetch(folder: Path, address: str = ADDRESS) -> Path:
    """Download the official binary version into `folder` unless it is there; returns `folder`.

    The archive's MD5 is compared before anything of it is unpacked. Raises UsageError where there is no
    network, the archive is another one or pooch is not installed, and WriteError.
    """
    target = folder / BINARY.folder
    if target.is_dir():
        return folder
    try:
        import pooch
    except ImportError as error:
        step = "pip install 'medidense[cifar]', or give the folder of a copy with --data"
        raise UsageError("--download", "needs the pooch library", error, step) from None
    with durable.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")
    try:
        archive = pooch.retrieve(
            address, known_hash=f"md5:{BINARY.archive_md5}", fname=BINARY.archive, path=folder
        )
    except (OSError, ValueError) as error:
        found = " ".join(str(error).split())[:160]
        step = "check the network, or give the folder of a copy with --data"
        raise UsageError("--download", f"{address} cannot be fetched", found, step) from None
    with durable.replacing_folder(target) as draft, tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content is not None:  # by its last name alone: no path of an archive leads anywhere
                with (draft / Path(member.name).name).open("wb") as stream:
                    shutil.copyfileobj(content, stream)
    with durable.writing(folder):
        Path(archive).unlink()
    return folder
