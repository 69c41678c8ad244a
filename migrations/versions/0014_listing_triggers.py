"""Whatever changes what the public sees of performers and services is followed by their listings."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PERFORMER = """
CREATE FUNCTION performer_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM listings_changed((SELECT array_agg(id) FROM now_there WHERE active AND status = 'approved'));
    ELSE
        PERFORM listings_changed((
            SELECT array_agg(n.id) FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.city_id, n.headline, n.about, n.status, n.active, n.verified, n.rating_count,
                   n.rating_sum, n.created_at)
                IS DISTINCT FROM (o.city_id, o.headline, o.about, o.status, o.active, o.verified,
                   o.rating_count, o.rating_sum, o.created_at)
              AND ((n.active AND n.status = 'approved') OR (o.active AND o.status = 'approved'))
        ));
    END IF;
    RETURN NULL;
END $$
"""

USER = """
CREATE FUNCTION user_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM now_there n JOIN was_there o ON o.id = n.id
        JOIN performer p ON p.user_id = n.id
        WHERE (n.first_name, left(n.last_name, 1), n.is_active, n.deleted_at)
            IS DISTINCT FROM (o.first_name, left(o.last_name, 1), o.is_active, o.deleted_at)
    ));
    RETURN NULL;
END $$
"""

# Rows of those who are not public are not worth a lock.
BELOW = """
CREATE FUNCTION {table}_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM {changed} JOIN performer p ON p.id = changed.performer_id
        WHERE p.active AND p.status = 'approved'
    ));
    RETURN NULL;
END $$
"""
CHANGED_SERVICE = """(
            SELECT n.performer_id FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.category_id, n.title, n.description, n.price_amount, n.price_currency, n.is_active,
                   n.deleted_at IS NULL, n.hidden_at IS NULL, n.created_at)
                IS DISTINCT FROM (o.category_id, o.title, o.description, o.price_amount, o.price_currency,
                   o.is_active, o.deleted_at IS NULL, o.hidden_at IS NULL, o.created_at)
        ) AS changed"""

# A category tells all performers in it and below it, and those with services there.
CATEGORY = """
CREATE FUNCTION category_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        WITH RECURSIVE changed AS (
            SELECT n.id FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.parent_id, n.is_active, n.names) IS DISTINCT FROM (o.parent_id, o.is_active, o.names)
            UNION
            SELECT c.id FROM changed JOIN category c ON c.parent_id = changed.id
        )
        SELECT array_agg(performer_id) FROM (
            SELECT pc.performer_id FROM changed JOIN performer_category pc ON pc.category_id = changed.id
            UNION
            SELECT s.performer_id FROM changed JOIN service s ON s.category_id = changed.id
        ) AS concerned
    ));
    RETURN NULL;
END $$
"""

FUNCTIONS = {
    "performer_listings": PERFORMER,
    "user_listings": USER,
    "service_listings": BELOW.format(table="service", changed="now_there AS changed"),
    "service_change_listings": BELOW.format(table="service_change", changed=CHANGED_SERVICE),
    "service_end_listings": BELOW.format(table="service_end", changed="was_there AS changed"),
    "performer_category_listings": BELOW.format(table="performer_category", changed="now_there AS changed"),
    "performer_category_end_listings": BELOW.format(table="performer_category_end", changed="was_there AS changed"),
    "category_listings": CATEGORY,
}
# (name, event, table, function)
TRIGGERS = (
    ("performer_listed", "INSERT", "performer", "performer_listings"),
    ("performer_relisted", "UPDATE", "performer", "performer_listings"),
    ("user_relisted", "UPDATE", '"user"', "user_listings"),
    ("service_listed", "INSERT", "service", "service_listings"),
    ("service_relisted", "UPDATE", "service", "service_change_listings"),
    ("service_unlisted", "DELETE", "service", "service_end_listings"),
    ("performer_category_listed", "INSERT", "performer_category", "performer_category_listings"),
    ("performer_category_relisted", "UPDATE", "performer_category", "performer_category_listings"),
    ("performer_category_unlisted", "DELETE", "performer_category", "performer_category_end_listings"),
    ("category_relisted", "UPDATE", "category", "category_listings"),
)
TABLES = {
    "INSERT": "NEW TABLE AS now_there",
    "UPDATE": "OLD TABLE AS was_there NEW TABLE AS now_there",
    "DELETE": "OLD TABLE AS was_there",
}


def upgrade() -> None:
    for function in FUNCTIONS.values():
        op.execute(function)
    for name, event, table, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {TABLES[event]} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    for name, _, table, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
