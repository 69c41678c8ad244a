"""Averages of ratings."""

import pytest

from marketplace.kernel.ratings import shown_average


@pytest.mark.parametrize(
    ("count", "total", "average"), [(0, 0, None), (2, 10, None), (3, 13, 4.33), (4, 20, 5.0)]
)
def test_no_average_of_few(count: int, total: int, average: float | None) -> None:
    assert shown_average(count, total) == average
