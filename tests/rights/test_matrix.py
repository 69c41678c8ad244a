"""Who may what: each route of the URL map, asked by each caller, answers as the matrix says."""

import pytest
from flask import Flask

from tests.rights.asking import check_cell, prefixes, routes
from tests.rights.scenario import CALLERS, Stage
from tests.rights.table import ROWS, Row, words


def test_every_route_has_a_row(app: Flask) -> None:
    missing = sorted(set(routes(app)) - {row.route for row in ROWS})
    assert not missing, f"add a Row to tests/rights/table.py for: {', '.join(missing)}"


def test_every_row_has_a_route(app: Flask) -> None:
    gone = sorted({row.route for row in ROWS} - set(routes(app)))
    assert not gone, f"remove these rows of tests/rights/table.py, their routes are gone: {', '.join(gone)}"


def test_rows_of_one_route_are_told_apart() -> None:
    names = [str(row) for row in ROWS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_callers_get_what_the_matrix_says(stage: Stage, row: Row) -> None:
    expected = words(row.rights)
    wrong = [
        f"{prefix} {row} as {caller} {problem}"
        for prefix in prefixes(stage.app, row)
        for caller in CALLERS
        if (problem := check_cell(stage, stage.ours, row, prefix, caller, expected[caller])) is not None
    ]
    assert not wrong, "\n".join(wrong)
