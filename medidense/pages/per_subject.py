"""How good is it by sample and by subject, side by side?"""

from medidense.pages.contents import RunContents
from medidense.pages.markup import Html, join, table, tag
from medidense.values.wording import count

SAME = "Each subject has one sample: by subject the figures are the same."


def per_subject_section(contents: RunContents) -> Html:
    """The figures of samples and of subjects in two columns; one line where they are the same."""
    evaluation = contents.evaluation
    found = evaluation.per_subject
    if found is None:
        return tag("p", SAME, kind="note") if evaluation.samples == evaluation.subjects else Html("")
    rows = [("figure", "per sample", "per subject"), *evaluation.side_by_side()]
    everybody = found.subjects + found.left_out
    words = f"{found.rule}. {found.several} of {count(everybody, 'subject')} have several samples. "
    words += "Intervals are over subjects in both columns."
    if found.left_out:
        words += f" Left out, as their samples are of different classes: {count(found.left_out, 'subject')}."
    if found.samples_auroc is not None:
        words += (
            " By subject they are Wilson's for proportions. The highest of many scores is higher by chance "
            "alone, so the number of samples stands beside: what a rule reaches that only counts them."
        )
    return join([table(rows, "words"), tag("p", words, kind="note")])
