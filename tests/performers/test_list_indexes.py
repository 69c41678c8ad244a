"""The indexes of the public lists are on what the lists are ordered by."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.ports import Search
from marketplace.blueprints.performers.repositories.searching import card_statement
from marketplace.extensions import db
from marketplace.models.performers import SCORE


def test_the_score_is_that_of_the_policies() -> None:
    prior = policies.PRIOR_REVIEWS * policies.PRIOR_RATING
    assert f"((rating_sum + {prior}) * 1000000 / (rating_count + {policies.PRIOR_REVIEWS}))" == SCORE


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search(sort="rating"), "ix_performer_score"),
        (Search(sort="rating", city_id=7), "ix_performer_city_score"),
        (Search(city_id=7), "ix_performer_city_newest"),
        (Search(city_id=7, category_id=3), "ix_performer_city_newest"),
    ],
)
def test_a_list_is_read_in_the_order_of_its_index(context: Connection, search: Search, index: str) -> None:
    statement = card_statement(search).limit(21)
    sql = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    # Hardly any rows are here: what the planner could not do without an index is forbidden.
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort"):
        db.session.execute(text(f"SET LOCAL {setting} = off"))
    plan = context.exec_driver_sql("EXPLAIN " + sql.replace("%%", "%").replace("%", "%%")).scalars().all()
    assert index in "\n".join(plan)
