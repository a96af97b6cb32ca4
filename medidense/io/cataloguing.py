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
from medidense.io.index import NO_UID, Index, Known, Met, entry_of, open_index
from medidense.io.looking import IMAGE_SUFFIXES
from medidense.io.placing import Place, Roots, place_of
from medidense.io.together import Together
from medidense.io.told import rules_of, told_options
from medidense.io.tree import walk
from medidense.values import Entry, Limits, ReadOptions, Refusal, Refused
from medidense.values.wording import count

TOGETHER = 128
"""Files that a worker looks at in one go, and series that are stored in one."""

NO_OPTIONS = ReadOptions()

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
    options: ReadOptions = NO_OPTIONS,
) -> Iterator[Index]:
    """An index of all that lies below `paths`, whose `entries` can be walked inside the block.

    Every file ends in at least one entry, and in no second one where the paths overlap. Files of one DICOM
    series are put together wherever they lie. `path` of a DICOM entry is what `read_volume` takes: the
    deepest folder that holds the whole series, or its file where it has but one and others lie beside it.
    Where that folder holds more than was given, or the series lies below several of the paths, `parts` are
    to be read instead. Where other series lie there too, `note` says that the series UID must be given.
    What lies in a ZIP archive has entries of its own: `path` is the archive, and `note` begins with the
    member's name, or says that the files lie in an archive.

    With `apart` each stack of a series has an entry, and `pick` says how to choose it; without, a series of
    several stacks is one refused entry. What is refused depends on the `options` of reading. With a file for
    the `index`, what it knows of unchanged files (by path, size and time of change) is not looked at again.
    `progress` is told the number of files seen so far.

    Raises LockedError and WriteError for the index, and nothing for what a file holds.
    """
    with open_index(index) as found:
        about = [[str(path.absolute()) for path in paths], list(map(str, paths)), apart]
        found.ask(json.dumps([*about, told_options(options)], sort_keys=True), rules_of(options))
        own = () if index is None else (os.fsencode(os.path.realpath(index)),)
        roots = _roots(paths)
        seen, refusals = _meet(roots, found, own, options.limits)
        _look_at_unknown(found, (seen, roots.files), options, progress, apart=apart)
        found.forget_unmet()
        found.refuse(refusals)
        _put_together(roots, found, options, apart=apart)
        yield found


def catalogue(paths: Sequence[Path], progress: Callable[[int], None] = ignore) -> Iterator[Entry]:
    """The entries of `catalogued`, sorted by path within each of `paths`; nothing is kept on disk."""
    with catalogued(paths, progress) as found:
        yield from found.entries()


def _roots(paths: Sequence[Path]) -> Roots:
    """The paths given: what lies below another of them comes last, when all of it has been met."""
    real = [os.path.realpath(path) for path in paths]
    outer = set(real)
    inner = [any(str(above) in outer for above in Path(one).parents) for one in real]
    ordered = [path for _, path in sorted(zip(inner, paths, strict=True), key=lambda pair: pair[0])]
    return Roots(tuple(ordered))


def _meet(
    roots: Roots, index: Index, own: tuple[bytes, ...], limits: Limits
) -> tuple[int, list[tuple[int, Refusal]]]:
    """Tell the index every file below the paths: (their number, the parts of the trees that are refused).

    Files whose real paths begin with one of `own` are the index itself.
    """
    seen, refusals = 0, list[tuple[int, Refusal]]()
    for root, path in enumerate(roots.paths):
        files = _walked(path, root, refusals, limits)
        seen += index.meet(met for met in files if not met.key.startswith(own))
    return seen, refusals


def _walked(path: Path, root: int, refusals: list[tuple[int, Refusal]], limits: Limits) -> Iterator[Met]:
    """The files below one path; what is refused on the way is appended to `refusals`."""
    if not path.is_dir():
        facts = path.stat() if path.exists() else None
        size, mtime = (facts.st_size, facts.st_mtime_ns) if facts else (-1, -1)
        yield Met(os.fsencode(os.path.realpath(path)), os.fsencode(path), root, size, mtime)
        return
    real, given = os.fsencode(os.path.realpath(path)), len(os.fsencode(path))
    for found in walk(path, limits):
        if isinstance(found, Refused):
            refusals.append((root, found.refusal))
            continue
        shown = os.fsencode(found.path)
        yield Met(real + shown[given:], shown, root, found.size, found.mtime)


def _look_at_unknown(
    index: Index,
    met: tuple[int, frozenset[str]],
    options: ReadOptions,
    progress: Callable[[int], None],
    *,
    apart: bool,
) -> None:
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
    told = told_options(options)

    def asked() -> Iterator[Mapping[str, Any]]:
        for batch in batches:
            kept.append(batch)
            paths = [os.fsdecode(met.shown) for met in batch]
            yield {"paths": paths, "given": [path for path in paths if path in given], "options": told}

    for answer in call_each("look", asked(), where=_first_path, limits=options.limits):
        batch = kept.pop(0)
        looked = _one_by_one(batch, given, options) if isinstance(answer, Refused) else answer.value
        stored = []
        for one, (kind, series, facts) in zip(batch, looked, strict=True):
            if kind == "archive":
                entries = _in_archive(Path(os.fsdecode(one.shown)), options, apart=apart)
                stored.append((one, Known(ENTRIES, "", ""), entries))
            else:
                stored.append(_known(one, kind, series, facts))
        index.store(stored)
        done += len(batch)
        progress(done)


def _first_path(arguments: Mapping[str, Any]) -> str:
    """What a refusal of a whole batch speaks of; `_one_by_one` then finds the file."""
    return str(arguments["paths"][0])


def _one_by_one(
    batch: Sequence[Met], given: frozenset[str], options: ReadOptions
) -> list[tuple[str, str, str]]:
    """What the workers say of each file alone: one of them kills its worker or takes too long."""
    found = []
    for met in batch:
        path = os.fsdecode(met.shown)
        try:
            own = [path] if path in given else []
            asked = {"paths": [path], "given": own, "options": told_options(options)}
            found.append(tuple(call("look", asked, where=path, limits=options.limits).value[0]))
        except Refused as refused:
            entry = Entry(path, "refused", refusal=refused.refusal)
            found.append((ENTRIES, "", json.dumps([asdict(entry)])))
    return found


def _known(met: Met, kind: str, series: str, facts: str) -> tuple[Met, Known, list[Entry]]:
    """What the index keeps of a file."""
    path = os.fsdecode(met.shown)
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


def _put_together(roots: Roots, index: Index, options: ReadOptions, *, apart: bool) -> None:
    """Have the workers make the entries of every series that has changed."""
    kept: list[tuple[str, Place]] = []
    told = told_options(options)

    def asked() -> Iterator[Mapping[str, Any]]:
        for series in index.stale():
            files = index.files_of(series)
            if not files:
                index.settle(series, b"", [])
                continue
            place = place_of([shown for shown, _, _ in files], roots, index, series)
            kept.append((series, place))
            known = [[os.fsdecode(shown), kind, facts] for shown, kind, facts in (*files, *place.strays)]
            about = {"where": place.where, "note": place.note, "apart": apart, "options": told}
            yield {"files": known, "series": series, **about}

    def where(arguments: Mapping[str, Any]) -> str:
        return str(arguments["where"])

    limits = options.limits
    together = Together(asked(), lambda item: call("assemble", item, where=where(item), limits=limits))
    results = together.results(call_each("assemble", together.tasks(), where=where, limits=limits))
    while some := list(islice(results, TOGETHER)):
        with index.transaction():
            for found in some:
                series, place = kept.pop(0)
                index.settle(series, place.folder, _entries_of(series, place, found))


def _entries_of(series: str, place: Place, found: list[dict[str, Any]] | Refused) -> list[Entry]:
    """The entries that a worker made of a series, or that stand for its refusal."""
    if isinstance(found, Refused):
        return [Entry(found.refusal.where, "refused", "dicom", series_uid=series, refusal=found.refusal)]
    return [entry_of({**one, "parts": place.parts}) for one in found]


def _in_archive(archive: Path, options: ReadOptions, *, apart: bool) -> list[Entry]:
    """The entries of what lies in a ZIP archive; one refused entry where it is refused as a whole.

    Documents, programs and arrays are ZIP archives under a name of their own; they are not opened.
    """
    if archive.suffix[1:].isalpha() and not archive.name.lower().endswith(IMAGE_SUFFIXES):
        return [Entry(str(archive), "skipped", note="a ZIP archive that is not named .zip")]
    try:
        with unpacked_archive(archive, options.limits) as members:
            with catalogued([members.folder], apart=apart, options=options) as index:
                inner = list(index.entries())
            images = sum(entry.kind != "" and entry.state != "skipped" for entry in inner)
            entries = [_of_member(members, entry, alone=images == 1) for entry in inner]
    except Refused as refused:
        return [Entry(str(archive), "refused", "archive", refusal=refused.refusal)]
    if not any(entry.kind for entry in inner):
        said, step = f"{count(len(inner), 'file')}, none an image", "check what was packed"
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
