"""Routes of staff: the jobs of the outbox."""

from typing import Any

from marketplace.blueprints.operations import schemas
from marketplace.blueprints.operations.ports import JobView
from marketplace.blueprints.operations.wiring import operations
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "operations",
    description="The work in the background",
    url_prefix="/admin/jobs",
    rank=1100,
    staff={"jobs": "The work in the background, for admins: what failed for good, and trying it again."},
)


@blp.get("")
@admin
@blp.arguments(schemas.JobsQuery, location="query")
@blp.paged(schemas.Job)
def list_jobs(query: dict[str, Any]) -> Page[JobView]:
    """List background jobs

    The newest comes first. Jobs send mails, text messages and pictures' follow-ups after a call was
    answered. A job that fails is tried again by itself, later each time; `status=dead` shows those that
    used up their tries and wait for somebody. Jobs that are done stay for a week.
    """
    page, filters = split_page(query)
    return operations().rows.list_all(page, filters.get("status"))


@blp.post("/<int:job_id>/retry")
@admin
@idempotent
@blp.problems("job_not_dead")
@blp.response(200, schemas.Job)
def retry_job(job_id: int) -> JobView:
    """Retry a dead job

    The job gets all its tries again and runs as soon as a worker is free. Find out from `last_error` what
    was wrong first. `job_not_dead` means that it waits, runs or is done: nothing to do.
    """
    return operations().jobs.retry(current_principal(), job_id)
