"""What stacks, refused files and other files lie below these paths? The walk, and what is made of it.

Files are opened and series put together by the workers; the index keeps what they say.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from medidense.io.archive import Members, unpacked_archive
from medidense.io.dicom.packing import BROKEN, NO_IMAGE
from medidense.io.guarded import call, call_each
from medidense.io.index import Index, Known, Met, entry_of, folder_of, open_index
from medidense.io.looking import IMAGE_SUFFIXES
from medidense.io.together import Together
from medidense.io.tree import walk
from medidense.values import Entry, Refusal, Refused

TOGETHER = 128
"""Files that a worker looks at in one go, and series that are stored in one."""

NO_UID = "no SeriesInstanceUID"
"""What the index calls the series of images that state none."""

PAIRED = (".hdr", ".hdr.gz", ".img", ".img.gz")
NEVER = -1
"""A time of change that no file has."""

ENTRIES = "entries"
"""Kind of a file that is no DICOM: its entries are its own."""


def ignore(_: int) -> None:
    """Listen to no progress."""


@contextmanager
def catalogued(
    paths: Sequence[Path],
    progress: Callable[[int], None] = ignore,
    *,
    index: Path | None = None,
    apart: bool = True,
) -> Iterator[Index]:
    """An index of all that lies below `paths`, whose `entries` can be walked inside the block.

    Every file ends in at least one entry; a file met before, under an earlier path, is passed over. Files of
    one DICOM series are put together wherever they lie below one path. `path` of a DICOM entry is what
    `read_volume` takes: the deepest folder that holds the whole series, or its file where it has but one and
    others lie beside it. Where the folder holds other series too, `note` says that the series UID must be
    given. What lies in a ZIP archive has entries of its own: `path` is the archive, and `note` begins with
    the member's name, or says that the files lie in an archive.

    With `apart` each stack of a series has an entry, and `pick` says how to choose it; without, a series of
    several stacks is one refused entry. With a file for the `index`, what it knows of unchanged files (by
    path, size and time of change) is not looked at again. `progress` is told the number of files seen so far.

    Raises WriteError for the index, and nothing for what a file holds.
    """
    with open_index(index) as found:
        found.ask(json.dumps([[str(path.absolute()) for path in paths], list(map(str, paths)), apart]))
        own = () if index is None else (os.fsencode(os.path.realpath(index)),)
        seen, refusals = _meet(paths, found, own)
        given = [str(path) for path in paths if not path.is_dir()]
        _look_at_unknown(found, (seen, given), progress)
        found.forget_unmet()
        found.refuse(refusals)
        _put_together(paths, found, apart)
        yield found


def catalogue(paths: Sequence[Path], progress: Callable[[int], None] = ignore) -> Iterator[Entry]:
    """The entries of `catalogued`, sorted by path within each of `paths`; nothing is kept on disk."""
    with catalogued(paths, progress) as found:
        yield from found.entries()


def _meet(
    paths: Sequence[Path], index: Index, own: tuple[bytes, ...]
) -> tuple[int, list[tuple[int, Refusal]]]:
    """Tell the index every file below the paths: (their number, the parts of the trees that are refused).

    Files whose real paths begin with one of `own` are the index itself.
    """
    seen, refusals = 0, list[tuple[int, Refusal]]()
    for root, path in enumerate(paths):
        files = _walked(path, root, refusals)
        seen += index.meet(met for met in files if not met.key.startswith(own))
    return seen, refusals


def _walked(path: Path, root: int, refusals: list[tuple[int, Refusal]]) -> Iterator[Met]:
    """The files below one path; what is refused on the way is appended to `refusals`."""
    if not path.is_dir():
        facts = path.stat() if path.exists() else None
        size, mtime = (facts.st_size, facts.st_mtime_ns) if facts else (-1, -1)
        yield Met(os.fsencode(os.path.realpath(path)), os.fsencode(path), root, size, mtime)
        return
    real, given = os.fsencode(os.path.realpath(path)), len(os.fsencode(path))
    for found in walk(path):
        if isinstance(found, Refused):
            refusals.append((root, found.refusal))
            continue
        shown = os.fsencode(found.path)
        yield Met(real + shown[given:], shown, root, found.size, found.mtime)


def _look_at_unknown(index: Index, met: tuple[int, list[str]], progress: Callable[[int], None]) -> None:
    """Have the workers look at new and changed files, and store what they say, batch by batch.

    `met` is the number of files and which of them the user named.
    """
    seen, given = met
    done = seen - index.count_unknown()
    progress(done)
    if done == seen:
        return
    batches = _batches(index.unknown())
    kept: list[list[Met]] = []

    def asked() -> Iterator[Mapping[str, Any]]:
        for batch in batches:
            kept.append(batch)
            paths = [os.fsdecode(met.shown) for met in batch]
            yield {"paths": paths, "given": [path for path in paths if path in given]}

    for answer in call_each("look", asked(), where=_first_path):
        batch = kept.pop(0)
        looked = _one_by_one(batch, given) if isinstance(answer, Refused) else answer.value
        index.store([_known(met, *found) for met, found in zip(batch, looked, strict=True)])
        done += len(batch)
        progress(done)


def _first_path(arguments: Mapping[str, Any]) -> str:
    """What a refusal of a whole batch speaks of; `_one_by_one` then finds the file."""
    return str(arguments["paths"][0])


def _one_by_one(batch: Sequence[Met], given: Sequence[str]) -> list[tuple[str, str, str]]:
    """What the workers say of each file alone: one of them kills its worker or takes too long."""
    found = []
    for met in batch:
        path = os.fsdecode(met.shown)
        try:
            found.append(tuple(call("look", {"paths": [path], "given": given}, where=path).value[0]))
        except Refused as refused:
            entry = Entry(path, "refused", refusal=refused.refusal)
            found.append((ENTRIES, "", json.dumps([asdict(entry)])))
    return found


def _known(met: Met, kind: str, series: str, facts: str) -> tuple[Met, Known, list[Entry]]:
    """What the index keeps of a file."""
    path = os.fsdecode(met.shown)
    if kind == "archive":
        return met, Known(ENTRIES, "", ""), _in_archive(Path(path))
    if path.lower().endswith(PAIRED):  # what it is depends on its partner too: look again next time
        met = met._replace(mtime=NEVER)
    if kind == ENTRIES:
        entries = [entry_of(one) for one in json.loads(facts)]
        refused = any(entry.state == "refused" for entry in entries)
        return met, Known(ENTRIES, "", "refused" if refused else ""), entries
    if kind == NO_IMAGE:
        note = Refusal(*json.loads(facts)).sentence
        return met, Known(ENTRIES, "", ""), [Entry(path, "skipped", "dicom", note=note)]
    if kind == BROKEN and not series:
        refusal = Refusal(*json.loads(facts))
        return met, Known(kind, "", facts), [Entry(path, "refused", "dicom", refusal=refusal)]
    return met, Known(kind, series or NO_UID, facts), []


def _put_together(paths: Sequence[Path], index: Index, apart: bool) -> None:
    """Have the workers make the entries of every series that has changed."""
    kept: list[tuple[int, str, bytes]] = []

    def asked() -> Iterator[Mapping[str, Any]]:
        for root, series in index.stale():
            files = index.files_of(root, series)
            if not files:
                index.settle(root, series, b"", [])
                continue
            folder = os.path.commonpath([folder_of(shown) for shown, _, _ in files])
            others = index.has_others(root, folder, series)
            where, note = _place([shown for shown, _, _ in files], folder, paths[root], others=others)
            if Path(where).is_dir():  # `read_volume` meets them there, and refuses as well
                files += index.strays(root, folder)
            kept.append((root, series, folder))
            told = [[os.fsdecode(shown), kind, facts] for shown, kind, facts in files]
            yield {"files": told, "series": series, "where": where, "note": note, "apart": apart}

    def where(arguments: Mapping[str, Any]) -> str:
        return str(arguments["where"])

    together = Together(asked(), lambda item: call("assemble", item, where=where(item)))
    results = together.results(call_each("assemble", together.tasks(), where=where))
    while some := list(islice(results, TOGETHER)):
        with index.transaction():
            for found in some:
                root, series, folder = kept.pop(0)
                index.settle(root, series, folder, _entries_of(series, found))


def _entries_of(series: str, found: list[dict[str, Any]] | Refused) -> list[Entry]:
    """The entries that a worker made of a series, or that stand for its refusal."""
    if isinstance(found, Refused):
        return [Entry(found.refusal.where, "refused", "dicom", series_uid=series, refusal=found.refusal)]
    return [entry_of(one) for one in found]


def _place(files: Sequence[bytes], folder: bytes, path: Path, *, others: bool) -> tuple[str, str]:
    """(what `read_volume` takes for these files, a note where the series must be chosen).

    `folder` is the deepest that holds them all, `others` whether it holds other series too.
    """
    if not path.is_dir():
        return str(path), ""
    place = files[0] if others and len(files) == 1 else folder
    chosen = "other series or broken files lie in this folder: give the series UID"
    return str(Path(os.fsdecode(place))), chosen if others and len(files) > 1 else ""


def _in_archive(archive: Path) -> list[Entry]:
    """The entries of what lies in a ZIP archive; one refused entry where it is refused as a whole.

    Documents, programs and arrays are ZIP archives under a name of their own; they are not opened.
    """
    if archive.suffix[1:].isalpha() and not archive.name.lower().endswith(IMAGE_SUFFIXES):
        return [Entry(str(archive), "skipped", note="a ZIP archive that is not named .zip")]
    try:
        with unpacked_archive(archive) as members:
            inner = list(catalogue([members.folder]))
            images = sum(entry.kind != "" and entry.state != "skipped" for entry in inner)
            entries = [_of_member(members, entry, alone=images == 1) for entry in inner]
    except Refused as refused:
        return [Entry(str(archive), "refused", "archive", refusal=refused.refusal)]
    if not any(entry.kind for entry in inner):
        said, step = f"{len(inner)} files, none an image", "check what was packed"
        refusal = Refusal("NOT_DICOM", str(archive), said, "an image in the archive", step)
        return [Entry(str(archive), "refused", "archive", refusal=refusal)]
    return entries


def _of_member(members: Members, entry: Entry, *, alone: bool) -> Entry:
    """The entry of a file in an unpacked archive, as one of the archive; `alone`: it holds no other image."""
    stored = members.names.get(Path(entry.path).name)
    lies = "in a ZIP archive" if stored is None else f"member {stored}"
    note = "; ".join([lies, *([members.text(entry.note)] if entry.note else [])])
    refusal = entry.refusal and members.told(entry.refusal)
    if entry.state == "volume" and entry.kind != "dicom" and not alone:
        step = "unpack the archive; which of its images to read cannot be said"
        refusal = Refusal("SEVERAL_SERIES", members.text(entry.path), "one of several", "one image", step)
    state = entry.state if refusal is None else "refused"
    return replace(entry, path=str(members.archive), state=state, refusal=refusal, note=note)


def _batches(items: Iterable[Met]) -> Iterator[list[Met]]:
    """Lists of `TOGETHER`, the last one shorter."""
    rest = iter(items)
    while batch := list(islice(rest, TOGETHER)):
        yield batch
