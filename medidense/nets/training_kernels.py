"""The kernels, in Triton, of a dense block's training step: see `training_passes`, which starts them.

Maps are matrices: a row is a voxel, neighbouring columns are its channels, rows lie any distance apart. An
`affine` is float32 (4, channels): factor, summand, mean and 1 / deviation of a batch normalisation. What is
summed over rows is summed in tiles first (`partial`: tiles x 2 x channels), then over the tiles.
"""

from __future__ import annotations  # Triton need not be there until a kernel is used

try:
    import triton.language as tl
except ImportError:  # torch brings it along where it supports a GPU
    tl = None


def product(  # type: ignore[no-untyped-def]
    source, affine, weight, target, partial, rows, channels, step, width,
    measure: tl.constexpr, tall: tl.constexpr, deep: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """A tile of ``relu(source * factor + summand) @ weight.T``, and its mean and sum of squares."""
    tile = tl.program_id(0)
    row = (tile * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    total = tl.zeros((tall, wide), dtype=tl.float32)
    for start in range(0, channels, deep):
        channel = start + tl.arange(0, deep)
        there = channel < channels
        value = tl.load(source + row * step + channel[None, :], (row < rows) & there[None, :], other=0.0)
        factor = tl.load(affine + channel, there, other=0.0)[None, :]
        summand = tl.load(affine + channels + channel, there, other=0.0)[None, :]
        active = tl.maximum(value.to(tl.float32) * factor + summand, 0.0).to(value.dtype)
        place = weight + column * channels + channel[:, None]
        total += tl.dot(active, tl.load(place, there[:, None] & (column < width), other=0.0))
    done = total.to(target.dtype.element_ty)
    tl.store(target + row * width + column, done, (row < rows) & (column < width))
    if measure:
        count = tl.minimum(rows - tile * tall, tall).to(tl.float32)
        value = tl.where(row < rows, done.to(tl.float32), 0.0)
        mean = tl.sum(value, 0)[None, :] / count
        rest = tl.where(row < rows, value - mean, 0.0)
        place = partial + tile * 2 * width + column
        tl.store(place, mean, column < width)
        tl.store(place + width, tl.sum(rest * rest, 0)[None, :], column < width)


def append(  # type: ignore[no-untyped-def]
    source, target, partial, rows, channels, source_step, target_step,
    copy: tl.constexpr, tall: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """A tile of `source`, copied, and its mean and sum of squares."""
    tile = tl.program_id(0)
    row = (tile * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    there = (row < rows) & (column < channels)
    given = tl.load(source + row * source_step + column, there, other=0.0)
    if copy:
        tl.store(target + row * target_step + column, given, there)
    count = tl.minimum(rows - tile * tall, tall).to(tl.float32)
    value = given.to(tl.float32)
    mean = tl.sum(value, 0)[None, :] / count
    rest = tl.where(there, value - mean, 0.0)
    place = partial + tile * 2 * channels + column
    tl.store(place, mean, column < channels)
    tl.store(place + channels, tl.sum(rest * rest, 0)[None, :], column < channels)


def moments(  # type: ignore[no-untyped-def]
    partial, moments, rows, tiles, channels, moments_step,
    size: tl.constexpr, many: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """Mean and variance of all rows from those of the tiles."""
    column = tl.program_id(0) * wide + tl.arange(0, wide)
    first = tl.zeros((many, wide), dtype=tl.float32)
    second = tl.zeros((many, wide), dtype=tl.float32)
    for start in range(0, tiles, many):
        tile = start + tl.arange(0, many)[:, None]
        there = (tile < tiles) & (column[None, :] < channels)
        place = partial + tile * 2 * channels + column[None, :]
        count = tl.minimum(rows - tile * size, size).to(tl.float32)
        mean = tl.load(place, there, other=0.0)
        first += count * mean
        second += count * mean * mean + tl.load(place + channels, there, other=0.0)
    mean = tl.sum(first, 0) / rows
    spread = tl.maximum(tl.sum(second, 0) / rows - mean * mean, 0.0)
    tl.store(moments + column, mean, column < channels)
    tl.store(moments + moments_step + column, spread, column < channels)


def fold(  # type: ignore[no-untyped-def]
    moments, weight, bias, running_mean, running_var, affine, channels, moments_step,
    momentum, unbiased, eps, wide: tl.constexpr,
):  # fmt: skip
    """An `affine` from moments and a normalisation, whose running statistics move on."""
    column = tl.program_id(0) * wide + tl.arange(0, wide)
    there = column < channels
    mean = tl.load(moments + column, there, other=0.0)
    spread = tl.load(moments + moments_step + column, there, other=0.0)
    inverse = 1.0 / tl.sqrt(spread + eps)
    factor = tl.load(weight + column, there, other=0.0) * inverse
    tl.store(affine + column, factor, there)
    tl.store(affine + channels + column, tl.load(bias + column, there, other=0.0) - mean * factor, there)
    tl.store(affine + 2 * channels + column, mean, there)
    tl.store(affine + 3 * channels + column, inverse, there)
    old = tl.load(running_mean + column, there, other=0.0)
    tl.store(running_mean + column, old + momentum * (mean - old), there)
    old = tl.load(running_var + column, there, other=0.0)
    tl.store(running_var + column, old + momentum * (spread * unbiased - old), there)


def activate(  # type: ignore[no-untyped-def]
    source, affine, target, rows, channels, tall: tl.constexpr, wide: tl.constexpr
):
    """A tile of ``relu(source * factor + summand)``."""
    row = (tl.program_id(0) * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    there = (row < rows) & (column < channels)
    value = tl.load(source + row * channels + column, there, other=0.0)
    factor = tl.load(affine + column, column < channels, other=0.0)
    summand = tl.load(affine + channels + column, column < channels, other=0.0)
    active = tl.maximum(value.to(tl.float32) * factor + summand, 0.0)
    tl.store(target + row * channels + column, active.to(target.dtype.element_ty), there)


def settle(  # type: ignore[no-untyped-def]
    grad, source, owed, target, rows, channels, grad_step, source_step, owed_step,
    tall: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """A tile of ``grad - owed[0] - owed[1] * source``."""
    row = (tl.program_id(0) * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    there = (row < rows) & (column < channels)
    value = tl.load(source + row * source_step + column, there, other=0.0).to(tl.float32)
    flat = tl.load(owed + column, column < channels, other=0.0)
    slope = tl.load(owed + owed_step + column, column < channels, other=0.0)
    given = tl.load(grad + row * grad_step + column, there, other=0.0).to(tl.float32)
    done = given - flat - slope * value
    tl.store(target + row * channels + column, done.to(target.dtype.element_ty), there)


def sums(  # type: ignore[no-untyped-def]
    grad, source, affine, partial, rows, channels, tall: tl.constexpr, wide: tl.constexpr
):
    """What a tile adds to the gradients of bias and weight of a normalisation behind which is a ReLU."""
    tile = tl.program_id(0)
    row = (tile * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    there = (row < rows) & (column < channels)
    value = tl.load(source + row * channels + column, there, other=0.0).to(tl.float32)
    given = tl.load(grad + row * channels + column, there, other=0.0).to(tl.float32)
    factor = tl.load(affine + column, column < channels, other=0.0)
    summand = tl.load(affine + channels + column, column < channels, other=0.0)
    mean = tl.load(affine + 2 * channels + column, column < channels, other=0.0)
    inverse = tl.load(affine + 3 * channels + column, column < channels, other=0.0)
    kept = tl.where(value * factor + summand > 0, given, 0.0)
    place = partial + tile * 2 * channels + column
    tl.store(place, tl.sum(kept, 0)[None, :], column < channels)
    tl.store(place + channels, tl.sum(kept * (value - mean) * inverse, 0)[None, :], column < channels)


def owe(  # type: ignore[no-untyped-def]
    partial, affine, sums, owed, rows, tiles, channels, owed_step,
    fresh: tl.constexpr, many: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """Those gradients over all tiles, and what they take off the gradient of the source."""
    column = tl.program_id(0) * wide + tl.arange(0, wide)
    inside = column < channels
    first = tl.zeros((many, wide), dtype=tl.float32)
    second = tl.zeros((many, wide), dtype=tl.float32)
    for start in range(0, tiles, many):
        tile = start + tl.arange(0, many)[:, None]
        there = (tile < tiles) & inside[None, :]
        place = partial + tile * 2 * channels + column[None, :]
        first += tl.load(place, there, other=0.0)
        second += tl.load(place + channels, there, other=0.0)
    flat, slope = tl.sum(first, 0), tl.sum(second, 0)
    tl.store(sums + column, flat, inside)
    tl.store(sums + channels + column, slope, inside)
    factor = tl.load(affine + column, inside, other=0.0) / rows
    mean = tl.load(affine + 2 * channels + column, inside, other=0.0)
    inverse = tl.load(affine + 3 * channels + column, inside, other=0.0)
    flat, slope = factor * (flat - slope * inverse * mean), factor * slope * inverse
    if not fresh:
        flat += tl.load(owed + column, inside, other=0.0)
        slope += tl.load(owed + owed_step + column, inside, other=0.0)
    tl.store(owed + column, flat, inside)
    tl.store(owed + owed_step + column, slope, inside)


def norm_backward(  # type: ignore[no-untyped-def]
    grad, source, affine, owed, target, rows, channels, tall: tl.constexpr, wide: tl.constexpr
):
    """A tile of the gradient before normalisation and ReLU."""
    row = (tl.program_id(0) * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    column = tl.program_id(1) * wide + tl.arange(0, wide)[None, :]
    there = (row < rows) & (column < channels)
    value = tl.load(source + row * channels + column, there, other=0.0).to(tl.float32)
    given = tl.load(grad + row * channels + column, there, other=0.0).to(tl.float32)
    factor = tl.load(affine + column, column < channels, other=0.0)
    summand = tl.load(affine + channels + column, column < channels, other=0.0)
    flat = tl.load(owed + column, column < channels, other=0.0)
    slope = tl.load(owed + channels + column, column < channels, other=0.0)
    kept = tl.where(value * factor + summand > 0, given, 0.0)
    done = factor * kept - flat - slope * value
    tl.store(target + row * channels + column, done.to(target.dtype.element_ty), there)


def weight_gradient(  # type: ignore[no-untyped-def]
    source, affine, grad, partial, rows, channels, step, width, span, channel_tiles, width_tiles,
    tall: tl.constexpr, deep: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """A part, by rows, of a tile of ``grad.T @ relu(source * factor + summand)``."""
    part = tl.program_id(0) // (channel_tiles * width_tiles)
    tile = tl.program_id(0) % (channel_tiles * width_tiles)
    channel = (tile % channel_tiles) * deep + tl.arange(0, deep)
    column = (tile // channel_tiles) * wide + tl.arange(0, wide)
    factor = tl.load(affine + channel, channel < channels, other=0.0)[None, :]
    summand = tl.load(affine + channels + channel, channel < channels, other=0.0)[None, :]
    total = tl.zeros((deep, wide), dtype=tl.float32)
    end = tl.minimum((part + 1) * span, rows)
    for start in range(part * span, end, tall):
        row = (start + tl.arange(0, tall)).to(tl.int64)[:, None]
        there = (row < end) & (channel[None, :] < channels)
        value = tl.load(source + row * step + channel[None, :], there, other=0.0)
        active = tl.maximum(value.to(tl.float32) * factor + summand, 0.0).to(value.dtype)
        place = grad + row * width + column[None, :]
        given = tl.load(place, (row < end) & (column[None, :] < width), other=0.0)
        total += tl.dot(tl.trans(active), given)
    place = partial + (part * width + column[None, :]) * channels + channel[:, None]
    tl.store(place, total, (channel[:, None] < channels) & (column[None, :] < width))


def spread(  # type: ignore[no-untyped-def]
    grad, weight, source, affine, target, partial, rows, channels, step, target_step, width, channel_tiles,
    fresh: tl.constexpr, tall: tl.constexpr, deep: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """A tile of the gradient of the product's source, added to `target`, and what it adds to `sums`."""
    tile = tl.program_id(0) // channel_tiles
    row = (tile * tall + tl.arange(0, tall)).to(tl.int64)[:, None]
    channel = (tl.program_id(0) % channel_tiles) * wide + tl.arange(0, wide)[None, :]
    inside = channel < channels
    total = tl.zeros((tall, wide), dtype=tl.float32)
    for start in range(0, width, deep):
        column = start + tl.arange(0, deep)
        left = tl.load(
            grad + row * width + column[None, :], (row < rows) & (column[None, :] < width), other=0.0
        )
        place = weight + column[:, None] * channels + channel
        total += tl.dot(left, tl.load(place, (column[:, None] < width) & inside, other=0.0))
    there = (row < rows) & inside
    value = tl.load(source + row * step + channel, there, other=0.0).to(tl.float32)
    factor = tl.load(affine + channel, inside, other=0.0)
    summand = tl.load(affine + channels + channel, inside, other=0.0)
    mean = tl.load(affine + 2 * channels + channel, inside, other=0.0)
    inverse = tl.load(affine + 3 * channels + channel, inside, other=0.0)
    kept = tl.where((value * factor + summand > 0) & there, total, 0.0)
    place = partial + tile * 2 * channels + channel
    tl.store(place, tl.sum(kept, 0)[None, :], inside)
    tl.store(place + channels, tl.sum(kept * (value - mean) * inverse, 0)[None, :], inside)
    place = target + row * target_step + channel
    done = factor * kept
    if not fresh:
        done += tl.load(place, there, other=0.0).to(tl.float32)
    tl.store(place, done.to(target.dtype.element_ty), there)
