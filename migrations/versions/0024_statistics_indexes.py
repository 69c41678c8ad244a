"""Indexes for the numbers that staff reads day by day, and for what waits."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_audit_log_action": "audit_log (action, created_at)",
    "ix_report_created_at": "report (created_at)",
    "ix_performer_pending": "performer (created_at) WHERE status = 'pending'",
    "ix_order_created_at": '"order" (created_at)',
    "ix_order_transition_to_status": "order_transition (to_status, created_at)",
    "ix_review_published_at": "review (published_at) WHERE published_at IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, columns in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {columns}")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
