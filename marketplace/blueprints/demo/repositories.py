"""The SQL of the demo: lines by COPY, indexes built once at the end, listings filled in one pass."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import func, literal, or_, select, text
from sqlalchemy.orm import Session, aliased

from marketplace.blueprints.demo.ports import (
    COLUMNS,
    Account,
    Chunk,
    Craft,
    Ids,
    MarketRepository,
    Place,
    Population,
)
from marketplace.database.base import Base
from marketplace.database.copying import copy_lines
from marketplace.database.production_checks import DEMO_PASSWORD
from marketplace.database.repository import SqlRepository
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, City

_NUMBERED = tuple(table for table, columns in COLUMNS.items() if columns[0] == "id")
_NAMES = ", ".join(f'"{table}"' for table in COLUMNS)
_LISTINGS = ("performer_listing", "performer_listing_category", "service_listing", "search_word")
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename = ANY (:tables)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = format('%I', indexname)::regclass)
    ORDER BY indexname""")
_FILL = (
    "INSERT INTO performer_listing SELECT * FROM performer_listing_of(NULL)",
    """INSERT INTO performer_listing_category
       SELECT unnest(category_ids), performer_id, city_id, score, price, created_at FROM performer_listing""",
    "ANALYZE performer_listing",
    "INSERT INTO service_listing SELECT * FROM service_listing_of(NULL)",
    r"""INSERT INTO search_word
        SELECT word, search_stems(word) FROM (
            SELECT word FROM ts_stat('SELECT words FROM performer_listing')
            UNION SELECT word FROM ts_stat('SELECT words FROM service_listing')
        ) AS words WHERE word !~ '^0[nh]'""",
)
_RATE_CUSTOMERS = text("""
    INSERT INTO customer_rating (user_id, rating_count, rating_sum)
    SELECT customer_id, count(*), sum(rating) FROM review
    WHERE direction = 'of_customer' AND published_at IS NOT NULL AND hidden_at IS NULL
    GROUP BY customer_id
    ON CONFLICT (user_id) DO UPDATE
    SET (rating_count, rating_sum) = (excluded.rating_count, excluded.rating_sum)""")
# What `flask catalog load` loads; staff's changes to it stay too.
_REFERENCE = {"category", "category_alias", "category_merger", "city", "reference_data"}


class SqlMarketRepository(SqlRepository, MarketRepository):
    """Stores a market in the tables of all domains."""

    def begin(self) -> None:
        self.session.execute(text("SET LOCAL statement_timeout = 0"))
        # A server that runs beside it holds its locks for moments.
        self.session.execute(text("SET LOCAL lock_timeout = '10s'"))
        # The triggers of the listings read this setting.
        self.session.execute(text("SET LOCAL marketplace.listings = 'off'"))

    def has_users(self) -> bool:
        return self.session.scalar(select(literal(1)).where(~User.is_staff).limit(1)) is not None

    def list_accounts(self, names: Collection[str], emails: Collection[str]) -> list[Account]:
        statement = select(User.id, User.username, User.password_hash.like(DEMO_PASSWORD)).where(
            or_(
                func.lower(User.username).in_(names),
                User.email_verified & func.lower(User.email).in_(emails),
            )
        )
        return [Account(*row) for row in self.session.execute(statement)]

    def count_users(self) -> Population:
        ours = User.password_hash.like(DEMO_PASSWORD)
        statement = select(func.count().filter(ours), func.count().filter(~ours)).where(
            User.anonymised_at.is_(None)
        )
        return Population(*self.session.execute(statement).one())

    def clear(self) -> None:
        tables = [f'"{name}"' for name in Base.metadata.tables if name not in _REFERENCE]
        session_ids = func.pg_get_serial_sequence("user_session", "id")
        last = self.session.scalar(select(func.nextval(session_ids)))
        # Its trigger keeps it as it is, whoever asks; but an audit of nobody helps nobody.
        self.session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
        # Tables of plugins that refer to these go with them.
        self.session.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE"))
        self.session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only"))
        self.session.execute(select(func.setval(session_ids, last)))

    def list_places(self) -> list[Place]:
        statement = select(City.id, City.name, City.country_code, City.timezone, City.population).where(
            City.is_active
        )
        return [Place(*row) for row in self.session.execute(statement)]

    def list_crafts(self) -> list[Craft]:
        parent, child = aliased(Category), aliased(Category)
        statement = (
            select(
                Category.id,
                Category.slug,
                func.coalesce(parent.slug, Category.slug),
                Category.names["en"].astext,
            )
            .outerjoin(parent, parent.id == Category.parent_id)
            .where(Category.is_active, ~select(child.id).where(child.parent_id == Category.id).exists())
            .order_by(Category.slug)
        )
        return [Craft(*row) for row in self.session.execute(statement)]

    def lock_ids(self) -> Ids:
        self.session.execute(text(f"LOCK TABLE {_NAMES} IN SHARE ROW EXCLUSIVE MODE"))
        last = {}
        for table in _NUMBERED:
            sequence = self.session.scalar(select(func.pg_get_serial_sequence(f'"{table}"', "id")))
            row = self.session.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - a name from the catalog
            last[table] = row.last_value if row.is_called else row.last_value - 1
        return Ids(last)

    @contextmanager
    def without_indexes(self) -> Iterator[None]:
        with _without_indexes(self.session, COLUMNS):
            yield

    def store(self, chunk: Chunk) -> None:
        for table, columns in COLUMNS.items():
            copy_lines(self.session, table, columns, chunk.lines[table])

    def finish(self, ids: Ids) -> None:
        for table in _NUMBERED:
            sequence = func.pg_get_serial_sequence(f'"{table}"', "id")
            self.session.execute(select(func.setval(sequence, ids.last[table])))
        # Statistics first: without them the planner takes every table for small.
        self.session.execute(text(f"ANALYZE {_NAMES}"))
        self.session.execute(text("SET LOCAL work_mem = '256MB'"))
        self.session.execute(text(f"TRUNCATE {', '.join(_LISTINGS)}"))
        self.session.execute(_RATE_CUSTOMERS)
        with _without_indexes(self.session, _LISTINGS):
            for statement in _FILL:
                self.session.execute(text(statement))


@contextmanager
def _without_indexes(session: Session, tables: Collection[str]) -> Iterator[None]:
    indexes = session.execute(_INDEXES, {"tables": list(tables)}).all()
    for index in indexes:
        session.execute(text(f'DROP INDEX "{index.indexname}"'))
    yield
    session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    for index in indexes:
        session.execute(text(index.indexdef))
