import io

import numpy as np
import pytest
from PIL import Image

from medidense.benchmark.maps import maps_picture
from medidense.benchmark.stated import named_recipe
from medidense.nets import build_for


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cifar10-smoke", {}),
        ("cifar10-paper", {}),
        ("cifar10-smoke", {"network.name": "resnet18", "network.stem": "small"}),
        ("cifar10-finetune", {"input.size": [64, 64]}),
    ],
)
def test_a_picture_of_the_first_images(name, settings, noise) -> None:  # type: ignore[no-untyped-def]
    recipe = named_recipe(name)[0].with_settings(settings)
    picture = maps_picture(build_for(recipe, 10), recipe, noise, count=2)
    shown = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    assert shown.shape[1] == 1200
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 100
