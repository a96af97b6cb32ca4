"""Every command with arguments that plant words wherever a user may give some. A new command is a line here.

Also: where words may stand, and why. Everything that is not named here must be free of them.
"""

from dataclasses import dataclass

PATHS = ("folder", "name of", "path that")
UIDS = ("digits",)
CELLS = ("cell subject_id", "cell lesion_id", "name of an image", "name of a picture")
GROUPS = ("cell site", "cell scanner", "cell sex")
COVARIATE = ("cell of a covariate",)
CHOICES = ("label of a segment",)
LISTED_LESIONS = ("lesion_id of the list",)

QUICK = ("--set", "training.epochs=1", "--set", "training.threads=1", "--set", "evaluation.bootstrap=200")
COVARIATES = ("--set", "input.covariates.columns=[smoker, age]")
COPIES = ("--set", "leakage=drop_from_train")
LESIONS = ("--lesions", "{lesions}")


@dataclass(frozen=True)
class Step:
    """One command line: `words` hold places as ``{cohort}``; `codes` are the exit codes that it may have.

    `out` and `err` begin the places whose words may stand on stdout and stderr, beside the arguments as
    given: a refusal names the file that it speaks of, and what can be chosen.
    """

    name: str
    words: tuple[str, ...]
    codes: tuple[int, ...] = (0,)
    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that is run, ``benchmark cifar10`` for one below a word."""
        return " ".join(self.words[: 2 if self.words[0] == "benchmark" else 1])


DATA = (
    Step("scan", ("scan", "{data}", "--out", "{out}/catalogue.csv"), (4,), PATHS + UIDS, PATHS),
    Step("scan an archive", ("scan", "{archive}"), (0,), UIDS),
    Step("convert", ("convert", "{fresh}", "{out}/nifti/")),
    Step("convert an archive", ("convert", "{archive}", "{out}/one.nii.gz")),
    Step("convert what is refused", ("convert", "{broken}", "{out}/refused/"), (4,), (), PATHS),
    Step("check", ("check", "{cohort}")),
    Step("check pictures", ("check", "{pictures}", "--join", "{joined}")),
    Step("check bad rows", ("check", "{bad}"), (2,), (), PATHS),
    Step("check segments", ("check", "{unsegmented}"), (2,), (), PATHS + CHOICES),
    Step("match", ("match", "{cohort}", "--out", "{matched}", "--caliper", "2")),
    Step("plan", ("plan", "{cohort}", "--out", "{out}/recipe.yaml")),
)
"""What is done before anything trains."""

RUN = (
    Step("cv", ("cv", "{cohort}", "--folds", "2", "--out", "{out}/run", *QUICK, *COVARIATES)),
    Step("cv of pictures", ("cv", "{pictures}", "--split", "site", "--out", "{out}/seen", *QUICK, *COPIES)),
    Step("cv of torn sites", ("cv", "{cohort}", "--split", "site", "--out", "{out}/torn", *QUICK), (2,)),
    Step("promote", ("promote", "{out}/run")),
    Step("sync", ("sync", "{out}/run", "{out}/seen")),
    Step("evaluate", ("evaluate", "{out}/run", "--rows", "{matched}")),
    Step("evaluate other rows", ("evaluate", "{out}/run", "--rows", "{pictures}"), (2,)),
    Step("report", ("report", "{out}/seen", "--allow-burned-in")),
    Step("compare", ("compare", "{out}/run", "{out}/run")),
    Step("compare other samples", ("compare", "{out}/run", "{out}/seen"), (2,)),
    Step("explain", ("explain", "{out}/run", "{images}", "--out", "{out}/maps")),
    Step("export", ("export", "{out}/run", "--out", "{out}/package")),
    Step("export pictures", ("export", "{out}/seen", "--out", "{out}/seen-package")),
    Step(
        "evaluate elsewhere",
        ("evaluate", "{out}/seen-package", "{elsewhere}", "--out", "{out}/elsewhere"),
        (4,),
    ),
    Step("sync elsewhere", ("sync", "{out}/elsewhere")),
    Step("verify", ("verify", "{out}/package")),
    Step("score", ("score", "{out}/package", "{fresh}", "{broken}", *LESIONS, "--out", "{out}/scores"), (4,)),
    Step("score pictures", ("score", "{out}/seen-package", "{picture_folder}", "--out", "{out}/read"), (4,)),
    Step("explain fresh", ("explain", "{out}/package", "{fresh}", *LESIONS, "--out", "{out}/fresh-maps")),
)
"""From training to scores. A command that lives on the store or the network is in `APART`."""

APART = {
    "ui": "serves until Ctrl-C: a test of its own",
    "demo": "reads nothing of the user's: its scans are made up",
    "benchmark cifar10": "reads public pictures, and no name but --data's",
    "benchmark phantom": "reads nothing of the user's: its scans are made up",
}
"""Commands without a step, each with the reason."""

KEPT = {
    "catalogue.csv": (PATHS + UIDS + ("digest of",), "scan lists where each series lies, with UIDs"),
    "catalogue.csv.index": (
        PATHS + UIDS + ("digest of", "birth date", "DICOM ConvolutionKernel", "DICOM StackID"),
        "what scan knows of each file, so that a second scan is quick",
    ),
    "*/converted.csv": (PATHS + UIDS, "which file each NIfTI file was made of"),
    "*/run.json": (
        PATHS + ("cell site",),
        "where the cohort lies, so that the run can go on, and which site a fold leaves out",
    ),
    "*/predictions*.csv": (CELLS, "scores, to be joined with the cohort by its own cells"),
    "*/splits.csv": (
        CELLS + ("cell site",),
        "who is trained on and tested, and which site a fold leaves out",
    ),
    "*/samples.csv": (CELLS, "measures of each sample"),
    "*/groups.csv": (CELLS + GROUPS, "columns of the cohort for the subgroups"),
    "*/shown.csv": (CELLS, "whom each picture shows"),
    "*/prints.csv": (CELLS, "digests of each image's pixels, so that its copies are known again"),
    "*/refusals.csv": (CELLS + PATHS, "which rows of another cohort had no part, and why"),
    "*/leaks.csv": (CELLS, "which samples are copies of which"),
    "*/evaluation*.json": (GROUPS, "figures of subgroups by the words of their column"),
    "*/covariates.json": (COVARIATE, "words of a column that the recipe names, which become numbers"),
    "package/manifest.json": (COVARIATE, "the same: a package that takes words must know them"),
    "work/mlruns/artifacts/models/*/package/manifest.json": (COVARIATE, "the package again, as logged model"),
    "*/explain.csv": (CELLS + LISTED_LESIONS + PATHS + UIDS, "which lesion of which input a map shows"),
    "*/scores.csv": (LISTED_LESIONS + PATHS + UIDS, "which input each score is of"),
    "*/ledger.db": (LISTED_LESIONS + PATHS + UIDS, "what was scored, so that a second run goes on"),
}
"""Files that hold words on purpose, relative to the folder of all outputs: which ones, and what for."""
