"""How a pair of copies names its rows, and what a count says."""

from medidense.values import Leak, Leakage


def test_both_rows_are_named_with_the_cell_as_typed() -> None:
    leak = Leak("exact", (2, 7), ("a b.png", "x/c.nii"), (("a",), ("c",)), 0.0, True, False)
    assert leak.named == ("row 2: a b.png", "row 7: x/c.nii")
    assert leak.to_json()["rows"] == (2, 7)


def test_only_counts_that_are_not_0_are_told() -> None:
    assert Leakage("refuse").notes == ()
    (kept,) = Leakage("refuse", kept=3).notes
    assert "trained on: 3" in kept
    (dropped,) = Leakage("drop_from_train", dropped=4).notes
    assert "(leakage: drop_from_train): 4" in dropped
