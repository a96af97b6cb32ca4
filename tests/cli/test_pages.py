"""What of an evaluation stands on the terminal."""

from dataclasses import replace

from medidense.cli.pages import evaluation_page
from medidense.cli.printing import Piece, Table
from medidense.values import Evaluation


def text_of(pieces: list[Piece]) -> str:
    return "\n".join("\n".join(piece.plain()) if isinstance(piece, Table) else piece for piece in pieces)


def test_the_headline_has_its_interval_and_the_floor_follows(evaluation: Evaluation) -> None:
    text = text_of(evaluation_page(evaluation))
    assert text.splitlines()[0] == "AUROC      0.912 (95% CI 0.850-0.960)"
    assert "40 of 30 subjects (benign 25, malignant 15)" in text
    assert text.index("lesion volume") < text.index("sensitivity") < text.index("one class only")
    assert "0.210 (95% CI 0.100-0.300)" in text
    assert "note: 30 subjects: rough" in text


def test_a_subset_is_named_and_missing_parts_are_left_out(evaluation: Evaluation) -> None:
    text = text_of(evaluation_page(replace(evaluation, rows="matched", baselines=(), auroc_fold_mean=None)))
    assert "matched" in text
    assert "baseline" not in text
    assert "fold mean  -" in text
