import numpy as np
import pytest

from medidense.train import Device, measure_step
from medidense.values.input import Input, Intensity
from medidense.values.labels import Labels
from medidense.values.recipe import Recipe
from medidense.values.training import EarlyStopping, Training


@pytest.mark.parametrize("kind", ["classes", "multi_label", "ordinal"])
def test_seconds_of_a_step_per_sample_also_for_a_recipe_that_stops_early(kind):
    recipe = Recipe(
        input=Input(
            dims=2,
            region="whole",
            orientation="as_stored",
            size=(32, 32),
            intensity=Intensity(rule="percentiles", low=1, high=99),
        ),
        labels=Labels(kind=kind),
        training=Training(batch_size=2, early_stopping=EarlyStopping()),
    )
    seconds = measure_step(recipe, 3, Device("cpu", "fp32", 1))
    assert np.isfinite(seconds)
    assert seconds > 0
