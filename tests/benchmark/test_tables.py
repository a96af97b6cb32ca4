from medidense.benchmark.tables import accuracy_table, all_tables, cost_table, reached_table


def result(**changes: object) -> dict[str, object]:
    seed = {
        "seed": 0,
        "images_per_second": 100.0,
        "train_seconds": 10.0,
        "reached": {"0.9": 3.21, "0.94": None},
    }
    costs = {"parameters": 769162, "flops": 5.8e8, "kept": 8.7e6, "moved_mb": 119.2}
    return {
        "network": "densenet",
        "accuracy": 0.951,
        "accuracies": [0.95, 0.952],
        "spread": 0.00141,
        "error": 0.049,
        "published": 0.9549,
        "published_source": "the paper",
        "costs": costs,
        "seeds": [seed, {**seed, "seed": 1, "images_per_second": 200.0}],
        **changes,
    }


def test_accuracy_beside_what_is_published_and_what_is_compared() -> None:
    rows = accuracy_table([result(), result(network="resnet18", spread=None)])
    assert rows[1] == ("densenet", "95.10%", "0.14", "4.90%", "95.00%, 95.20%")
    assert rows[2][:3] == ("resnet18", "95.10%", "-")
    assert rows[3] == ("published", "95.49%", "-", "4.51%", "the paper")
    assert len(accuracy_table([result(published=None)])) == 2


def test_costs_and_the_mean_speed() -> None:
    row = cost_table([result()])[1]
    assert row == ("densenet", "769,162", "0.580", "8.70 million", "119.2", "150", "10.0")


def test_seconds_to_each_level() -> None:
    assert reached_table(result()) == [("seed", "90%", "94%"), ("0", "3.2 s", "-"), ("1", "3.2 s", "-")]
    unwatched = result(seeds=[{"seed": 0, "images_per_second": 1.0, "train_seconds": 1.0, "reached": {}}])
    assert "Seconds of training to a test accuracy" not in all_tables([unwatched])
    assert len(all_tables([result()])) == 3
