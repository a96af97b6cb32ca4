import functools
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from medidense.benchmark import fetching
from medidense.benchmark.cifar10_files import BINARY
from medidense.errors import UsageError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served on this machine, and the address of the archive in it."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{served.server_port}/{BINARY.archive}"
        served.shutdown()


def archive(folder: Path, monkeypatch: pytest.MonkeyPatch, *, right: bool = True) -> None:
    """A small archive laid out as the official one, with the MD5 that is asked for if `right`."""
    target = folder / BINARY.archive
    with tarfile.open(target, "w:gz") as packed:
        for name in ("data_batch_1.bin", "test_batch.bin"):
            entry = tarfile.TarInfo(f"{BINARY.folder}/{name}")
            entry.size = 3
            packed.addfile(entry, io.BytesIO(b"abc"))
        packed.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO(b""))
    if right:
        changed = vars(BINARY) | {"archive_md5": hashlib.md5(target.read_bytes()).hexdigest()}
        monkeypatch.setattr(fetching, "BINARY", type(BINARY)(**changed))


def test_the_archive_is_fetched_and_unpacked_once(server, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    folder, address = server
    archive(folder, monkeypatch)
    found = fetching.fetch(tmp_path / "cache", address)
    assert sorted(p.name for p in (found / BINARY.folder).iterdir()) == [
        "data_batch_1.bin",
        "escaped",
        "test_batch.bin",
    ]
    assert [p.name for p in found.iterdir()] == [BINARY.folder]
    (folder / BINARY.archive).unlink()
    assert fetching.fetch(tmp_path / "cache", address) == found


def test_another_archive_is_refused_before_it_is_unpacked(server, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    folder, address = server
    archive(folder, monkeypatch, right=False)
    with pytest.raises(UsageError, match="cannot be fetched"):
        fetching.fetch(tmp_path / "cache", address)
    assert not (tmp_path / "cache" / BINARY.folder).exists()


def test_without_a_network_the_next_step_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="--data") as caught:
        fetching.fetch(tmp_path, "http://127.0.0.1:9/nothing.tar.gz")
    assert len(caught.value.lines[0]) < 500


def test_the_default_folder_is_in_the_cache(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert fetching.default_folder() == Path("/somewhere/medidense/cifar10")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert fetching.default_folder() == Path.home() / ".cache/medidense/cifar10"
