"""COPY hands on what was raised while it read its rows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from marketplace.database.copying import copy_rows
from marketplace.extensions import db


@pytest.mark.parametrize("raised", [SystemExit(143), KeyboardInterrupt(), ValueError("a bad row")])
def test_what_is_raised_while_rows_are_read(context: Connection, raised: BaseException) -> None:
    db.session.execute(text("CREATE TEMPORARY TABLE copied (number bigint)"))

    def rows() -> Iterator[tuple[int]]:
        yield (1,)
        raise raised

    with pytest.raises(type(raised)) as caught:
        copy_rows(db.session(), "copied", ["number"], rows())
    assert caught.value is raised
