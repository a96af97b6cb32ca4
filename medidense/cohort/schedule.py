"""Which network is trained, how long, and how?"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from medidense.cohort.fingerprint import Fingerprint
from medidense.cohort.reasons import Choice
from medidense.cohort.sampling import sees_planes

SEEN = 9000
"""Training crops that a network should see in all, repetitions counted."""

EPOCHS = (15, 60)
FOLDS = 5
SMALL = 60
"""Samples below which batches are smaller, so that an epoch still has several steps."""

UNEVEN = 1.2
"""Ratio of the class counts from which on the loss is weighted."""

FREE_TURN = 180.0
SMALL_TURN = 15.0


def choose_schedule(
    fp: Fingerprint, size: tuple[int, ...], settings: Mapping[str, Any] = MappingProxyType({})
) -> list[Choice]:
    """The keys of ``network`` and ``training``; `size` is the input's shape in voxels.

    `settings` are keys that are set already: how batches are filled decides the weights of the classes.
    """
    return [
        *_network(fp),
        *_length(fp),
        *_optimiser(),
        *_weights(fp, settings.get("training.sampling")),
        *_loss(),
        *_machine(),
        *_augmentation(fp, size),
        _stopping(),
        _flips(fp),
    ]


def _network(fp: Fingerprint) -> list[Choice]:
    few = fp.samples < 1000
    why = f"{fp.samples} samples are few for the network, so a tenth of its features is dropped in each step."
    how = "2D, shared by three planes" if sees_planes(fp) else f"{fp.dims}D"
    return [
        Choice("network.name", "densenet121", f"MONAI's DenseNet-121 in {how}, the network of this package."),
        Choice(
            "network.stem",
            "auto",
            "The network's own. For images of some 30 pixels a side choose small, which keeps their detail.",
        ),
        Choice(
            "network.dropout", 0.1 if few else 0.0, why if few else "With this many samples none is needed."
        ),
        Choice(
            "network.memory",
            "concatenate",
            "Faster. Where memory runs out, recompute gives the same numbers in about half of it.",
        ),
        Choice(
            "start",
            None,
            "The weights are drawn at random, so none has seen a subject of this cohort. To fine-tune, name "
            "start.weights.",
        ),
    ]


def _length(fp: Fingerprint) -> list[Choice]:
    batch = 8 if fp.samples < SMALL else 16
    training = max(1, round(fp.samples * (FOLDS - 1) / FOLDS))
    epochs = min(EPOCHS[1], max(EPOCHS[0], round(SEEN / training)))
    return [
        Choice(
            "training.epochs",
            epochs,
            f"About {training} samples train in each of {FOLDS} folds; {epochs} epochs show the network "
            f"{training * epochs} crops (the aim is {SEEN}, within {EPOCHS[0]} to {EPOCHS[1]} epochs). The "
            "number is fixed before training: no result chooses it.",
        ),
        Choice(
            "training.batch_size",
            batch,
            f"{'Small' if batch == 8 else 'Usual'} batches for {fp.samples} samples: "
            f"about {max(1, training // batch)} steps an epoch.",
        ),
        Choice(
            "training.accumulate",
            1,
            "A batch passes in one piece, and is split by itself where a GPU's memory runs out.",
        ),
    ]


def _optimiser() -> list[Choice]:
    return [
        Choice("training.optimizer", "adamw", "AdamW needs little tuning on small cohorts."),
        Choice("training.learning_rate", 1e-3, "The peak that served DenseNet-121 best on the LIDC nodules."),
        Choice("training.weight_decay", 0.02, "A mild pull of the weights to 0 against learning by heart."),
        Choice(
            "training.decayed",
            "everything",
            "The decay pulls at all weights. The papers on CIFAR spare biases and normalisations: kernels.",
        ),
        Choice(
            "training.schedule",
            "one_cycle",
            "The rate rises, then falls to 0, so the last weights are settled.",
        ),
        Choice("training.warmup", 0.25, "The first quarter of the steps leads up to the peak."),
        Choice("training.clip_norm", 2.0, "A single odd batch cannot throw the weights far."),
        Choice(
            "training.ema",
            0.98,
            "The weights that score are an average over about the last 50 steps: less noise.",
        ),
    ]


def _weights(fp: Fingerprint, sampling: object) -> list[Choice]:
    """Weights of the classes and how batches are filled, which `sampling` may have settled (None: not)."""
    if fp.without:
        return _label_weights(fp)
    counts = ", ".join(f"{name}: {count}" for name, count in fp.class_counts.items())
    uneven = max(fp.class_counts.values()) / min(fp.class_counts.values()) > UNEVEN
    paired = Choice(
        "training.size_paired",
        0.0,
        "Off. For a question beyond size set it to 0.7: batches then pair lesions of like volume (on the "
        "LIDC nodules 0.74 instead of 0.67 for nodules of one size, at 0.91 instead of 0.93 for all).",
    )
    if sampling == "balanced" or (sampling is None and sees_planes(fp)):
        even = "Every batch holds as many samples of one class as of any other."
        return [
            Choice("training.class_weights", "none", f"The batches are balanced already ({counts})."),
            Choice("training.sampling", "balanced", even),
            paired,
        ]
    shuffled = Choice("training.sampling", "shuffled", "Every epoch shows each training sample once.")
    if uneven:
        why = f"The classes are uneven ({counts}), so samples of the rarer ones weigh more in the loss."
        return [Choice("training.class_weights", "balanced", why), shuffled, paired]
    why = f"The classes are about even ({counts})."
    return [Choice("training.class_weights", "none", why), shuffled, paired]


def _label_weights(fp: Fingerprint) -> list[Choice]:
    """The same of several labels at once: only the loss can be balanced, label by label."""
    both = [(name, count, fp.without[name]) for name, count in fp.class_counts.items()]
    counts = ", ".join(f"{name}: {shown} with, {without} without" for name, shown, without in both)
    uneven = any(max(pair) / max(min(pair), 1) > UNEVEN for _, *pair in both)
    why = f"Of some labels one side is rarer ({counts}), so it weighs more in that label's loss."
    even = f"Of every label both sides are about as frequent ({counts})."
    return [
        Choice("training.class_weights", "balanced" if uneven else "none", why if uneven else even),
        Choice(
            "training.sampling",
            "shuffled",
            "Every epoch shows each training sample once; a row with several labels has no one class.",
        ),
        Choice("training.size_paired", 0.0, "Off: pairs are of two classes, and a row has several labels."),
    ]


def _loss() -> list[Choice]:
    return [
        Choice("training.loss", "cross_entropy", "The usual loss; its scores are probabilities."),
        Choice("training.focal_gamma", 2.0, "For training.loss: focal alone; 2 is its authors' choice."),
        Choice("training.label_smoothing", 0.0, "Off: labels are taken at their word. 0.1 doubts them."),
    ]


def _flips(fp: Fingerprint) -> Choice:
    key = "prediction.flips"
    if sees_planes(fp) and _turns_freely(fp):
        why = "A score is the mean over the crop and its mirror images: a lesion has no left and right."
        return Choice(key, True, why)
    return Choice(key, False, "A score is made from the image as it is.")


def _turns_freely(fp: Fingerprint) -> bool:
    """Whether a crop's mirror images are as good as the crop."""
    return fp.region == "lesion" and not fp.pictures and fp.modality != "US"


def _machine() -> list[Choice]:
    return [
        Choice(
            "training.channels_last",
            True,
            "A memory layout only, for speed on a GPU and on many CPUs; results differ by rounding.",
        ),
        Choice(
            "training.deterministic",
            True,
            "The same command gives the same numbers: bit for bit on a CPU, on a GPU where its kernels can.",
        ),
        Choice("training.compile", False, "The compiler needs minutes that short runs never get back."),
        Choice(
            "training.precision", "auto", "32-bit numbers on a CPU (16-bit ones failed there), bf16 on a GPU."
        ),
        Choice(
            "training.threads", 0, "All cores; the number used is recorded, for the last digits depend on it."
        ),
    ]


def _augmentation(fp: Fingerprint, size: tuple[int, ...]) -> list[Choice]:
    crop = _turns_freely(fp)
    shift = max(2.0, round(max(size) / 16, 1))
    if crop:
        flip_why = "A lesion has no left and right: mirrored crops are as good as the crop."
        turn_why = "Nor has it an upper side: crops are turned freely in the plane of the slices."
    elif fp.region == "lesion":
        flip_why = (
            "In these images the direction means something (an ultrasound shadow lies below the lesion)."
        )
        turn_why = f"For the same reason crops turn by at most {SMALL_TURN:g} degrees."
    else:
        flip_why = "In a whole image left and right, above and below mean something, so it is not mirrored."
        turn_why = f"For the same reason images turn by at most {SMALL_TURN:g} degrees."
    if fp.two_valued and not crop:
        flip_why = "A shape and its mirror image are taken as one thing: organs come in pairs."
    values = 0.0 if fp.two_valued else 1.0
    shape = "A shape has no brightness to change." if fp.two_valued else ""
    what = "Crops" if fp.region == "lesion" else "Images"
    moved = "as another reader would centre them" if fp.region == "lesion" else "as another scan would lie"
    key = "training.augmentation."
    return [
        Choice(f"{key}flip", crop or fp.two_valued, flip_why),
        Choice(f"{key}rotate", FREE_TURN if crop else SMALL_TURN, turn_why),
        Choice(f"{key}scale", 0.12, f"{what} grow or shrink by up to 12 %, as sizes differ between people."),
        Choice(
            f"{key}shift",
            shift,
            f"{what} move by up to {shift:g} voxels, {moved}.",
        ),
        Choice(f"{key}gain", 0.1 * values, shape or "Contrast varies by up to 10 %, as scanners do."),
        Choice(f"{key}offset", 0.08 * values, shape or "Brightness varies by up to 4 % of the window."),
        Choice(f"{key}noise", 0.05, "A little noise, so that the network does not rely on single voxels."),
        Choice(
            f"{key}crop",
            0,
            "Off: crops move by parts of a voxel already. For small pictures it is the usual change, by 4.",
        ),
        Choice(
            f"{key}cutout",
            0,
            "Off: a box of zeros may hide the lesion itself, and with it what the label speaks of.",
        ),
    ]


def _stopping() -> Choice:
    why = (
        "Off: a fixed number of epochs needs no validation part, so all samples outside the test part train, "
        "and the test part chooses nothing."
    )
    return Choice("training.early_stopping", None, why)
