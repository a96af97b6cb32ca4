"""Do the rows of a table agree with each other?"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from medidense.cohort.columns import NO_LABEL, ParsedRow
from medidense.errors import Problem
from medidense.values.wording import count

Finding = tuple[int, Problem]
"""The line that a problem stands on, and the problem."""


def disagreements(file: str, rows: Sequence[ParsedRow], *, classes_known: bool = False) -> list[Finding]:
    """Every problem that shows only between rows, each on the later row and naming the earlier one.

    With `classes_known` the labels are not judged by each other: somebody knows what they must be.
    """
    subjects = [(row.line, row.subject_id) for row in rows if row.subject_id]
    labels = [(row.line, row.label) for row in rows if row.label]
    found = [
        *_duplicates(file, rows),
        *_shared_images(file, rows),
        *_look_alikes(file, "nearly another subject_id", subjects, as_number=False),
    ]
    if classes_known:
        return found
    return [
        *found,
        *_look_alikes(file, "unknown label", labels, as_number=True),
        *_odd_labels(file, labels),
        *_classes(file, labels),
    ]


def _duplicates(file: str, rows: Sequence[ParsedRow]) -> list[Finding]:
    """Rows of one name, and rows that give the network the very same crop."""
    by_lesion = all(row.has_region for row in rows)
    names: dict[str, int] = {}
    crops: dict[tuple[object, ...], int] = {}
    findings = []
    for row in rows:
        if row.sample is None:
            continue
        where, mask = f"{file} row {row.line}", row.sample.mask_path
        lesion = (mask, row.sample.segment) if mask else row.sample.marker
        first = names.setdefault(row.sample.name, row.line)
        whole = not by_lesion or lesion is not None
        same = crops.setdefault((*_image(row), by_lesion and lesion), row.line) if whole else row.line
        if first != row.line:
            rule = f"duplicate row: the same sample as row {first}"
            step = "drop one, or tell the lesions of one image apart by lesion_id"
            findings.append((row.line, Problem(where, rule, repr(row.sample.name), step)))
        elif same != row.line:
            rule = f"duplicate row: the same image and region as row {same}"
            step = "drop one" if by_lesion else "drop one, or give every row of the table a mask or a point"
            findings.append((row.line, Problem(where, rule, repr(row.sample.image), step)))
    return findings


def _shared_images(file: str, rows: Sequence[ParsedRow]) -> list[Finding]:
    """One image under two subjects would put a patient on both sides of a fold."""
    owner: dict[tuple[Path, str], ParsedRow] = {}
    findings = []
    for row in rows:
        if row.sample is None or not row.subject_id:
            continue
        first = owner.setdefault(_image(row), row)
        if first.subject_id != row.subject_id:
            rule = f"one image under two subject_ids: row {first.line} has another one"
            problem = Problem(f"{file} row {row.line}", rule, "", "write one of them")
            findings.append((row.line, problem))
    return findings


def _image(row: ParsedRow) -> tuple[Path, str]:
    """What tells images apart: the file, or the folder and the series chosen in it."""
    series = row.sample.series_uid if row.sample and row.real.is_dir() else ""
    return row.real, series


def _look_alikes(file: str, what: str, cells: Sequence[tuple[int, str]], *, as_number: bool) -> list[Finding]:
    """Cells that differ only by case, blanks or, for labels, by how a number is written (1 and 1.0)."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, int] = {}
    folded = {text: _folded(text, as_number=as_number) for _, text in cells}
    for line, text in cells:
        spellings[folded[text]][text] += 1
        first.setdefault(text, line)
    findings = []
    for line, text in cells:
        rivals = spellings[folded[text]]
        usual = max(rivals, key=lambda other: (rivals[other], -first[other]))
        if text != usual:
            rule = f"{what}: it differs from {usual!r} (row {first[usual]}) only in how it is written"
            step = "write one word for one thing"
            findings.append((line, Problem(f"{file} row {line}", rule, repr(text), step)))
    return findings


def _odd_labels(file: str, cells: Sequence[tuple[int, str]]) -> list[Finding]:
    """Words among numbers (or the reverse), and a label of one row beside two classes of several."""
    counts = Counter(label for _, label in cells)
    words = {label for label in counts if not any(letter.isdigit() for letter in label)}
    numbers = {label for label in counts if _is_number(label)}
    odd: dict[str, str] = {}
    if words and numbers and words | numbers == set(counts):
        fewer = min(words, numbers, key=lambda group: sum(counts[label] for label in group))
        odd = dict.fromkeys(fewer, "a number among words" if fewer is numbers else "a word among numbers")
    if sum(count > 1 for count in counts.values()) >= 2:
        odd |= {label: "no other row has it" for label in counts if counts[label] == 1}
    known = ", ".join(
        f"{label} ({count(counts[label], 'row')})" for label in sorted(counts) if label not in odd
    )
    step = f"write one of: {known}; or drop the row"
    return [
        (line, Problem(f"{file} row {line}", f"unknown label: {odd[label]}", repr(label), step))
        for line, label in cells
        if label in odd and label.lower() not in NO_LABEL and _written_one_way(label, counts)
    ]


def _classes(file: str, cells: Sequence[tuple[int, str]]) -> list[Finding]:
    """A classifier needs two classes."""
    labels = {label for _, label in cells}
    if len(labels) != 1:
        return []
    problem = Problem(
        file,
        "a cohort has at least two classes",
        f"only {labels.pop()!r} in {count(len(cells), 'row')}",
        "add samples of another class",
    )
    return [(0, problem)]


def _written_one_way(label: str, counts: Counter[str]) -> bool:
    """False where `_look_alikes` speaks of this label already."""
    return sum(_folded(label, as_number=True) == _folded(other, as_number=True) for other in counts) == 1


def _folded(text: str, *, as_number: bool) -> str:
    """`text` without what people see as the same: case, kinds of blank, forms of a letter.

    >>> _folded("Low  grade", as_number=False), _folded("01.0", as_number=True)
    ('low grade', '1')
    """
    if as_number and _is_number(text):
        return f"{float(text):g}"
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("_", " ").split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text and any(letter.isdigit() for letter in text)
