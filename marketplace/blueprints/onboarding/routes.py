"""Routes of onboarding: the application, and the checklist of what is left to do."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import request

from marketplace.blueprints.onboarding import schemas
from marketplace.blueprints.onboarding.services.applications import Application
from marketplace.blueprints.onboarding.services.checklist import Checklist
from marketplace.blueprints.onboarding.wiring import onboarding
from marketplace.blueprints.performers.contracts import FullProfile
from marketplace.blueprints.performers.schemas import OwnPerformer
from marketplace.kernel.errors import Invalid
from marketplace.web.access import current_principal, performer, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent_after
from marketplace.web.language import preferred_language
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit

blp = VersionedBlueprint(
    "onboarding",
    description="Becoming a performer: you apply, staff decides, and a checklist says what is left to do.",
    rank=40,
)

F = TypeVar("F", bound=Callable[..., Any])


def _errors_in_form(view: F) -> F:
    """Report errors of a form under `form`, as the parser does: the service reports all errors of a body
    under `json`.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Invalid as error:
            errors = error.data.get("errors", {})
            if request.mimetype == "multipart/form-data" and "json" in errors:
                error.data["errors"] = {"form": errors["json"]}
            raise

    return cast("F", wrapper)


def _prepared(data: dict[str, Any]) -> Application:
    avatar, certificates = data.pop("avatar", None), data.pop("certificates", [])
    return onboarding().applications.prepare(current_principal(), data, avatar, certificates)


def _discard(application: Application) -> None:
    onboarding().applications.discard(application)


@blp.post("/performers")
@verified
@limit("20/hour", key=caller_key)
@_errors_in_form
@blp.problems(
    "already_performer",
    "not_a_picture",
    "not_a_document",
    "picture_too_large",
    "pictures_too_large",
    "pictures_at_once",
    "pictures_spent",
    "storage_full",
)
@blp.arguments(schemas.PerformerApplication, location="json_or_form")
@idempotent_after(_prepared, _discard)
@blp.response(201, OwnPerformer)
@tagged("performer")
def apply_as_performer(application: Application) -> FullProfile:
    """Apply as a performer

    You send your profile as JSON or, to add a picture and certificates, as multipart; there `address` is
    JSON text and lists are repeated fields. The profile is `pending` and not public until staff approves
    it; you can already set up services, schedule and portfolio. The picture is shown at once, certificates
    wait for staff.

    All of it is stored or nothing. A file that is refused is named in `errors.files`, and an unknown city
    or category in `errors`. An account has one profile (`already_performer`).
    """
    return onboarding().applications.apply(current_principal(), application, preferred_language())


@blp.get("/performers/me/checklist")
@performer
@blp.response(200, schemas.PerformerChecklist)
def get_checklist() -> Checklist:
    """Get your onboarding checklist

    You see what is done and what is left: first what nobody can find or book you without, then what helps
    customers to choose you. Call it again after each step; it is computed from what is stored.
    """
    return onboarding().checklist.get(current_principal())
