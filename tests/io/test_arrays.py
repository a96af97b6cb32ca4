import numpy as np

from medidense.io.arrays import in_memory


def test_the_first_axis_runs_fastest():
    array = in_memory((2, 3, 4), np.dtype(np.int16))
    assert (array.shape, array.dtype, array.strides) == ((2, 3, 4), np.int16, (2, 4, 12))
