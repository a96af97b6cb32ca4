"""A region that is nowhere cannot be built."""

import pytest

from medidense.values import Region


@pytest.mark.parametrize(("centre", "extent"), [((0, 0, float("nan")), (1, 1, 1)), ((0, 0, 0), (1, 0, 1))])
def test_no_place_or_no_size_is_refused(centre: tuple[float, ...], extent: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="finite centre"):
        Region(centre, extent)  # type: ignore[arg-type]
