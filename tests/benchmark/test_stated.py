from pathlib import Path

import pytest

import medidense
from medidense.benchmark.cifar10 import DEVIATION, MEAN
from medidense.benchmark.stated import STATED, named_recipe
from medidense.errors import UsageError
from medidense.nets import count_parameters
from medidense.rundir import recipe_text

FOLDER = Path(medidense.__file__).parent / "recipes"


def test_every_recipe_that_travels_has_its_statement() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(STATED)


@pytest.mark.parametrize("name", STATED)
def test_each_recipe_says_why_in_words_about_keys_that_exist(name: str) -> None:
    recipe, _ = named_recipe(name)
    assert recipe.reasons
    tree = recipe.model_dump()
    for key in recipe.reasons:
        place = tree
        for part in key.split("."):
            assert part in place, key
            place = place[part]


def test_the_smoke_recipe_sees_at_most_100_000_images() -> None:
    recipe, stated = named_recipe("cifar10-smoke")
    assert recipe.training.epochs * 50_000 <= 100_000
    assert stated is not None
    assert (stated.bound, stated.seeds) == (0.66, 3)


@pytest.mark.parametrize("name", ["cifar10-smoke", "cifar10-fast", "cifar10-paper"])
def test_small_images_are_normalised_by_the_constants_of_the_training_part(name: str) -> None:
    rule = named_recipe(name)[0].input.intensity
    assert (rule.mean, rule.deviation) == (MEAN, DEVIATION)


@pytest.mark.parametrize("name", STATED)
def test_no_recipe_lets_the_test_part_choose(name: str) -> None:
    recipe, _ = named_recipe(name)
    assert recipe.training.early_stopping is None
    assert recipe.training.augmentation.flip == (1,)


def test_the_paper_s_recipe_is_the_paper_s() -> None:
    recipe, stated = named_recipe("cifar10-paper")
    settings = recipe.training
    assert count_parameters(recipe, 10) == 769_162
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (300, 64, 0.1)
    assert (settings.schedule, settings.warmup, settings.weight_decay) == ("steps", 0.0, 1e-4)
    assert (settings.ema, settings.decayed, settings.augmentation.crop) == (0.0, "everything", 4)
    assert stated is not None
    assert stated.published == pytest.approx(1 - 0.0451)


def test_a_recipe_from_a_file_has_no_statement(tmp_path: Path) -> None:
    recipe, _ = named_recipe("cifar10-smoke")
    path = tmp_path / "mine.yaml"
    path.write_text(recipe_text(recipe))
    assert named_recipe(str(path)) == (recipe, None)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match="choose one of cifar10-smoke"):
        named_recipe("cifar10-smok")
