"""Indexes of claims and of the requests of one subject."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_change_request_subject": "change_request (subject_type, subject_id)",
    "ix_change_request_claimed_by": "change_request (claimed_by) WHERE claimed_by IS NOT NULL",
    "ix_report_claimed_by": "report (claimed_by) WHERE claimed_by IS NOT NULL",
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
