"""Schemas of operations."""

from enum import StrEnum

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class JobsQuery(PageQuery):
    """The jobs that the list is narrowed to."""

    status = fields.Enum(JobStatus, description="Only jobs with this status")


class Job(Schema):
    """A piece of work in the background."""

    id = fields.Id(required=True)
    kind = fields.Str(required=True, max=100, description="What it does", example="accounts.welcome")
    status = fields.Enum(JobStatus, required=True, description="Where it stands")
    attempts = fields.Int(required=True, description="How often it was begun")
    run_at = fields.DateTime(required=True, description="When it is due, or was at its last try")
    last_error = fields.Str(
        required=True,
        allow_none=True,
        max=2000,
        description="What went wrong at the last try; null if nothing did",
    )
    created_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(
        required=True, allow_none=True, description="When it was done, or given up; null until then"
    )
