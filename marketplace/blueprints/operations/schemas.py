"""What goes in and out of operations."""

from enum import StrEnum

from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import Schema


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class JobsQuery(PageQuery):
    status = fields.Enum(JobStatus)


class Job(Schema):
    id = fields.Id(required=True)
    kind = fields.Str(required=True, max=100)
    status = fields.Str(required=True, max=20)
    attempts = fields.Int(required=True)
    run_at = fields.DateTime(required=True)
    last_error = fields.Str(required=True, allow_none=True, max=2000)
    created_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
