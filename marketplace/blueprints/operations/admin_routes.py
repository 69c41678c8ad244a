"""What staff sees of the outbox."""

from typing import Any

from marketplace.blueprints.operations import schemas
from marketplace.blueprints.operations.ports import JobView
from marketplace.blueprints.operations.wiring import operations
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint("operations", description="Staff: background jobs", url_prefix="/admin/jobs")


@blp.get("")
@admin
@blp.arguments(schemas.JobsQuery, location="query")
@blp.paged(schemas.Job)
def list_jobs(query: dict[str, Any]) -> Page[JobView]:
    """Background jobs, newest first; `?status=dead` are those that need somebody"""
    page, filters = split_page(query)
    return operations().jobs.list_jobs(page, filters.get("status"))


@blp.post("/<int:job_id>/retry")
@admin
@idempotent
@blp.problem(409, "`job_not_dead`")
@blp.response(200, schemas.Job)
def retry_job(job_id: int) -> JobView:
    """Give a dead job all its tries again"""
    return operations().jobs.retry(current_principal(), job_id)
