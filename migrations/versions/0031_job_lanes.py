"""Lanes of the outbox, and a NOTIFY that names the lane.

Safe beside running old code: its jobs go to the lane `work`, its workers go on claiming from every lane, and take
no notice of what a NOTIFY carries. The constant default rewrites nothing. The trigger is replaced under a lock that
lets readers through; writers wait for milliseconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

NOTIFY = """
CREATE OR REPLACE FUNCTION job_notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('job', lane) FROM (SELECT DISTINCT lane FROM fresh) AS lanes;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER job_notify AFTER INSERT ON job REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION job_notify_lanes();
"""


def upgrade() -> None:
    op.add_column("job", sa.Column("lane", sa.Text(), server_default="work", nullable=False))
    op.execute(
        "ALTER TABLE job ADD CONSTRAINT ck_job_lane"
        " CHECK (lane IN ('sockets', 'codes', 'work', 'mail', 'bulk')) NOT VALID"
    )
    op.execute(NOTIFY)


def downgrade() -> None:
    op.execute(
        "CREATE OR REPLACE TRIGGER job_notify AFTER INSERT ON job"
        " FOR EACH STATEMENT EXECUTE FUNCTION job_notify()"
    )
    op.execute("DROP FUNCTION job_notify_lanes()")
    op.drop_column("job", "lane")
