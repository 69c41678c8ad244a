"""First tables.

Safe beside running old code: there is none before it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")

# Wakes the workers when the transaction that added jobs commits; PostgreSQL folds equal notifications into one.
NOTIFY_WORKERS = """
CREATE FUNCTION job_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('job', '');
    RETURN NULL;
END $$;
CREATE TRIGGER job_notify AFTER INSERT ON job FOR EACH STATEMENT EXECUTE FUNCTION job_notify();
"""

# What is in the audit log stays there, whoever asks the application's role.
APPEND_ONLY = """
CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only();
"""


def upgrade() -> None:
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_actor_id", "audit_log", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_log_subject", "audit_log", ["subject_type", "subject_id", "id"], unique=False)
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("names ? 'en'", name=op.f("ck_category_names")),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name=op.f("fk_category_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
    )
    op.create_index("ix_category_parent_id", "category", ["parent_id"], unique=False)
    op.create_index("uq_category_slug", "category", ["slug"], unique=True)
    op.create_table(
        "city",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ascii_name", sa.Text(), nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("admin1", sa.Text(), server_default="", nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column(
            "alternate_names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("search_names", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city")),
    )
    op.create_index("ix_city_country_code", "city", ["country_code"], unique=False)
    op.create_index("ix_city_population", "city", [sa.literal_column("population DESC"), "id"], unique=False)
    op.create_index(
        "ix_city_search_names_trgm",
        "city",
        ["search_names"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_names": "gin_trgm_ops"},
    )
    op.create_table(
        "domain_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "context", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_domain_event_event_id")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key_hash", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "realtime_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realtime_message")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_realtime_message_created_at"), "realtime_message", ["created_at"], unique=False)
    op.create_table(
        "reference_data",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_reference_data")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("avatar_key", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "is_staff", sa.Boolean(), sa.Computed("cardinality(roles) > 0", persisted=True), nullable=False
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("blocked_reason", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_joined", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("roles <@ ARRAY['moderator', 'admin']", name=op.f("ck_user_roles")),
        sa.CheckConstraint("char_length(username) BETWEEN 3 AND 50", name=op.f("ck_user_username")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
    )
    op.create_index("ix_user_date_joined", "user", ["date_joined"], unique=False)
    op.create_index("ix_user_is_active", "user", ["is_active"], unique=False)
    op.create_index("ix_user_is_staff", "user", ["is_staff"], unique=False)
    op.create_index("uq_user_email", "user", [sa.literal_column("lower(email)")], unique=True)
    op.create_index("uq_user_phone", "user", ["phone"], unique=True)
    op.create_index("uq_user_username", "user", [sa.literal_column("lower(username)")], unique=True)
    op.create_table(
        "banner",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("placement", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("link_url", sa.Text(), nullable=True),
        sa.Column("city_id", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name=op.f("ck_banner_period")
        ),
        sa.ForeignKeyConstraint(["city_id"], ["city.id"], name=op.f("fk_banner_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banner")),
    )
    op.create_index("ix_banner_city_id", "banner", ["city_id"], unique=False)
    op.create_index("ix_banner_placement", "banner", ["placement", "priority"], unique=False)
    op.create_table(
        "change_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=False),
        sa.Column("field_name", sa.Text(), nullable=False),
        sa.Column("old_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("new_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'revision_requested', 'withdrawn', 'superseded')",
            name=op.f("ck_change_request_status"),
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_change_request_decided_by")),
        sa.ForeignKeyConstraint(["requested_by"], ["user.id"], name=op.f("fk_change_request_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
    )
    op.create_index("ix_change_request_queue", "change_request", ["status", "created_at", "id"], unique=False)
    op.create_index(
        "ix_change_request_requested_by",
        "change_request",
        ["requested_by", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_change_request_pending",
        "change_request",
        ["subject_type", "subject_id", "field_name"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "context", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("event_row_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("worker_id", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'running', 'done', 'dead')", name=op.f("ck_job_status")),
        sa.ForeignKeyConstraint(
            ["event_row_id"], ["domain_event.id"], name=op.f("fk_job_event_row_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_dead", "job", ["id"], unique=False, postgresql_where=sa.text("status = 'dead'"))
    op.create_index(
        "ix_job_finished_at",
        "job",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("status = 'done'"),
    )
    op.create_index(
        "ix_job_pending",
        "job",
        ["run_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_job_running", "job", ["worker_id"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index("uq_job_key", "job", ["key"], unique=True, postgresql_where=sa.text("key IS NOT NULL"))
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_notification_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(
        "ix_notification_user_id", "notification", ["user_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index("uq_notification_event_id_user_id", "notification", ["event_id", "user_id"], unique=True)
    op.create_table(
        "one_time_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('verify_email', 'reset_password')", name=op.f("ck_one_time_token_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_one_time_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_token")),
    )
    op.create_index("ix_one_time_token_user_id", "one_time_token", ["user_id"], unique=False)
    op.create_index("uq_one_time_token_token_hash", "one_time_token", ["token_hash"], unique=True)
    op.create_table(
        "performer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("experience_years", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rating_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "rating_histogram",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{0,0,0,0,0}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'suspended')", name=op.f("ck_performer_status")
        ),
        sa.CheckConstraint("cardinality(rating_histogram) = 5", name=op.f("ck_performer_rating_histogram")),
        sa.CheckConstraint("experience_years BETWEEN 0 AND 80", name=op.f("ck_performer_experience_years")),
        sa.ForeignKeyConstraint(["city_id"], ["city.id"], name=op.f("fk_performer_city_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_performer_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performer")),
    )
    op.create_index(
        "ix_performer_active_status_verified", "performer", ["active", "status", "verified"], unique=False
    )
    op.create_index("ix_performer_city_id", "performer", ["city_id"], unique=False)
    op.create_index("ix_performer_created_at", "performer", ["created_at"], unique=False)
    op.create_index("uq_performer_user_id", "performer", ["user_id"], unique=True)
    op.create_table(
        "user_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device", sa.Text(), server_default="", nullable=False),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
    )
    op.create_index("ix_user_session_previous_hash", "user_session", ["previous_hash"], unique=False)
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"], unique=False)
    op.create_index("uq_user_session_refresh_hash", "user_session", ["refresh_hash"], unique=True)
    op.create_table(
        "chat",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("published_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "last_message_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], name=op.f("fk_chat_customer_id")),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], name=op.f("fk_chat_performer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
    )
    op.create_index("ix_chat_performer_id", "chat", ["performer_id"], unique=False)
    op.create_index("uq_chat_customer_id_performer_id", "chat", ["customer_id", "performer_id"], unique=True)
    op.create_table(
        "performer_category",
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_performer_category_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["performer_id"],
            ["performer.id"],
            name=op.f("fk_performer_category_performer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("performer_id", "category_id", name=op.f("pk_performer_category")),
    )
    op.create_index(
        "ix_performer_category_category_id",
        "performer_category",
        ["category_id", "performer_id"],
        unique=False,
    )
    op.create_table(
        "service",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("pricing", sa.Text(), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("duration_minutes", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("pricing = 'quote' OR price_amount IS NOT NULL", name=op.f("ck_service_priced")),
        sa.CheckConstraint("pricing IN ('fixed', 'hourly', 'quote')", name=op.f("ck_service_pricing")),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)", name=op.f("ck_service_price")
        ),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 1440", name=op.f("ck_service_duration")),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_service_price_not_negative")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_service_category_id")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_service_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
    )
    op.create_index("ix_service_category_id", "service", ["category_id", "is_active"], unique=False)
    op.create_index("ix_service_created_at", "service", ["created_at", "id"], unique=False)
    op.create_index("ix_service_performer_id", "service", ["performer_id"], unique=False)
    op.create_table(
        "chat_member",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("delivered_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_chat_member_chat_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_chat_member_user_id")),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_chat_member")),
    )
    op.create_index("ix_chat_member_user_id", "chat_member", ["user_id", "chat_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("char_length(text) <= 4000", name=op.f("ck_message_text")),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_message_chat_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["user.id"], name=op.f("fk_message_sender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("uq_message_chat_id_seq", "message", ["chat_id", "seq"], unique=True)
    op.create_index("uq_message_sender_id_client_id", "message", ["sender_id", "client_id"], unique=True)
    op.create_table(
        "order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("pricing", sa.Text(), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolution_by", sa.Text(), nullable=True),
        sa.Column(
            "state_entered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("performer_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("status IN ('confirmed', 'in_progress')"),
            using="gist",
            name="ex_order_performer_time",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'declined', 'expired', 'cancelled', 'in_progress', 'delivered', 'changes_requested', 'completed', 'disputed')",
            name=op.f("ck_order_status"),
        ),
        sa.CheckConstraint(
            "(proposed_starts_at IS NULL) = (proposed_by IS NULL)", name=op.f("ck_order_proposal")
        ),
        sa.CheckConstraint(
            "(resolution IS NULL) = (resolution_by IS NULL)", name=op.f("ck_order_resolution")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_order_period")),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], name=op.f("fk_order_customer_id")),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], name=op.f("fk_order_performer_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_order_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
    )
    op.create_index(
        "ix_order_customer_id",
        "order",
        ["customer_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_order_performer_id",
        "order",
        ["performer_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_order_service_id", "order", ["service_id"], unique=False)
    op.create_index("ix_order_status", "order", ["status", "starts_at"], unique=False)
    op.create_table(
        "order_transition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_order_transition_actor_id")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_order_transition_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_transition")),
    )
    op.create_index("ix_order_transition_order_id", "order_transition", ["order_id", "id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("note_to_staff", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("direction IN ('of_performer', 'of_customer')", name=op.f("ck_review_direction")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_review_rating")),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_review_author_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], name=op.f("fk_review_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_review_order_id")),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], name=op.f("fk_review_performer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_author_id", "review", ["author_id"], unique=False)
    op.create_index("ix_review_customer_id", "review", ["customer_id"], unique=False)
    op.create_index(
        "ix_review_performer_id",
        "review",
        ["performer_id", sa.literal_column("published_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text(
            "published_at IS NOT NULL AND hidden_at IS NULL AND direction = 'of_performer'"
        ),
    )
    op.create_index(
        "ix_review_publish_at",
        "review",
        ["publish_at"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("uq_review_order_id_author_id", "review", ["order_id", "author_id"], unique=True)
    op.execute(NOTIFY_WORKERS)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index("uq_review_order_id_author_id", table_name="review")
    op.drop_index(
        "ix_review_publish_at", table_name="review", postgresql_where=sa.text("published_at IS NULL")
    )
    op.drop_index(
        "ix_review_performer_id",
        table_name="review",
        postgresql_where=sa.text(
            "published_at IS NOT NULL AND hidden_at IS NULL AND direction = 'of_performer'"
        ),
    )
    op.drop_index("ix_review_customer_id", table_name="review")
    op.drop_index("ix_review_author_id", table_name="review")
    op.drop_table("review")
    op.drop_index("ix_order_transition_order_id", table_name="order_transition")
    op.drop_table("order_transition")
    op.drop_index("ix_order_status", table_name="order")
    op.drop_index("ix_order_service_id", table_name="order")
    op.drop_index("ix_order_performer_id", table_name="order")
    op.drop_index("ix_order_customer_id", table_name="order")
    op.drop_table("order")
    op.drop_index("uq_message_sender_id_client_id", table_name="message")
    op.drop_index("uq_message_chat_id_seq", table_name="message")
    op.drop_table("message")
    op.drop_index("ix_chat_member_user_id", table_name="chat_member")
    op.drop_table("chat_member")
    op.drop_index("ix_service_performer_id", table_name="service")
    op.drop_index("ix_service_created_at", table_name="service")
    op.drop_index("ix_service_category_id", table_name="service")
    op.drop_table("service")
    op.drop_index("ix_performer_category_category_id", table_name="performer_category")
    op.drop_table("performer_category")
    op.drop_index("uq_chat_customer_id_performer_id", table_name="chat")
    op.drop_index("ix_chat_performer_id", table_name="chat")
    op.drop_table("chat")
    op.drop_index("uq_user_session_refresh_hash", table_name="user_session")
    op.drop_index("ix_user_session_user_id", table_name="user_session")
    op.drop_index("ix_user_session_previous_hash", table_name="user_session")
    op.drop_table("user_session")
    op.drop_index("uq_performer_user_id", table_name="performer")
    op.drop_index("ix_performer_created_at", table_name="performer")
    op.drop_index("ix_performer_city_id", table_name="performer")
    op.drop_index("ix_performer_active_status_verified", table_name="performer")
    op.drop_table("performer")
    op.drop_index("uq_one_time_token_token_hash", table_name="one_time_token")
    op.drop_index("ix_one_time_token_user_id", table_name="one_time_token")
    op.drop_table("one_time_token")
    op.drop_index("uq_notification_event_id_user_id", table_name="notification")
    op.drop_index("ix_notification_user_id", table_name="notification")
    op.drop_table("notification")
    op.drop_index("uq_job_key", table_name="job", postgresql_where=sa.text("key IS NOT NULL"))
    op.drop_index("ix_job_running", table_name="job", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("ix_job_pending", table_name="job", postgresql_where=sa.text("status = 'pending'"))
    op.drop_index("ix_job_finished_at", table_name="job", postgresql_where=sa.text("status = 'done'"))
    op.drop_index("ix_job_dead", table_name="job", postgresql_where=sa.text("status = 'dead'"))
    op.drop_table("job")
    op.drop_index(
        "uq_change_request_pending",
        table_name="change_request",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_change_request_requested_by", table_name="change_request")
    op.drop_index("ix_change_request_queue", table_name="change_request")
    op.drop_table("change_request")
    op.drop_index("ix_banner_placement", table_name="banner")
    op.drop_index("ix_banner_city_id", table_name="banner")
    op.drop_table("banner")
    op.drop_index("uq_user_username", table_name="user")
    op.drop_index("uq_user_phone", table_name="user")
    op.drop_index("uq_user_email", table_name="user")
    op.drop_index("ix_user_is_staff", table_name="user")
    op.drop_index("ix_user_is_active", table_name="user")
    op.drop_index("ix_user_date_joined", table_name="user")
    op.drop_table("user")
    op.drop_table("reference_data")
    op.drop_index(op.f("ix_realtime_message_created_at"), table_name="realtime_message")
    op.drop_table("realtime_message")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("domain_event")
    op.drop_index(
        "ix_city_search_names_trgm",
        table_name="city",
        postgresql_using="gin",
        postgresql_ops={"search_names": "gin_trgm_ops"},
    )
    op.drop_index("ix_city_population", table_name="city")
    op.drop_index("ix_city_country_code", table_name="city")
    op.drop_table("city")
    op.drop_index("uq_category_slug", table_name="category")
    op.drop_index("ix_category_parent_id", table_name="category")
    op.drop_table("category")
    op.drop_index("ix_audit_log_subject", table_name="audit_log")
    op.drop_index("ix_audit_log_actor_id", table_name="audit_log")
    op.drop_table("audit_log")
    op.execute("DROP FUNCTION job_notify()")
    op.execute("DROP FUNCTION audit_log_append_only()")
