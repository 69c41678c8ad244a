"""The REST entry points of notifications."""

from typing import Any

from marketplace.blueprints.notifications import schemas
from marketplace.blueprints.notifications.ports import NotificationView
from marketplace.blueprints.notifications.wiring import notifications
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "notifications", description="What happened, told to whom it concerns", url_prefix="/notifications"
)


@blp.get("")
@signed_in
@blp.arguments(schemas.NotificationsQuery, location="query")
@blp.paged(schemas.Notification)
def list_notifications(query: dict[str, Any]) -> Page[NotificationView]:
    """Own notifications, newest first"""
    page, filters = split_page(query)
    return notifications().notifications.list_own(current_principal(), page, unread=filters["unread"])


@blp.post("/read")
@signed_in
@idempotent
@blp.arguments(schemas.MarkRead)
@blp.response(200, schemas.Marked)
def read_notifications(data: dict[str, Any]) -> dict[str, int]:
    """Mark notifications as read, some of them or all up to one"""
    marked = notifications().notifications.mark_read(
        current_principal(), data.get("ids"), data.get("up_to_id")
    )
    return {"marked": marked}
