"""Routes of notifications."""

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
    "notifications",
    description="What happened to your orders, profile and reports since you last looked. Sockets get the"
    " same at once, as `notification:new`.",
    url_prefix="/notifications",
    rank=85,
)


@blp.get("")
@signed_in
@blp.arguments(schemas.NotificationsQuery, location="query")
@blp.paged(schemas.Notification)
def list_notifications(query: dict[str, Any]) -> Page[NotificationView]:
    """List your notifications

    The newest comes first. You are told of what others did and what concerns you, with the `data` to find it:

    * `order.*`: the other side, or the time, moved your order; `order_id`, `customer_id`, `performer_id`,
      `performer_user_id` and the `status` that it has now
    * `order.fee_waived`: staff waived what cancelling your order cost; the same
    * `order.expiring`, `order.starting`, `order.completing`: a reminder of what comes by itself; the same and
      `at`, when it comes. Performers are told that they have not answered an order, customers that they have
      not answered a delivery, and both that a confirmed order begins in 24 hours, and in one
    * `waitlist.offered`: time is kept for you on a day that you wait for; `performer_id`, `service_id`,
      `date`, `starts_at`, and `expires_at`, before which to book it
    * `review.published`: somebody reviewed you; `review_id`, `order_id`, `author_id`, `performer_id`,
      `customer_id` and `direction`
    * `performer.*`, `certificate.*`, `service.*`: staff decided on your profile, certificate or service, or a
      certificate expires; `user_id`, `performer_id`, the id of the thing, and `reason`, `cause` or
      `expires_on` where there is one
    * `change.decided`: staff decided on your edit; `change_id`, `subject_type`, `subject_id`, `field_name`,
      `requested_by` and `status`
    * `report.closed`: staff decided on your report; `report_id`, `content_type`, `content_id`, `reporter_id`
      and `outcome`

    Sockets get the same at once, as the event `notification:new`. Read this list after a reconnect, to
    catch up.
    """
    page, filters = split_page(query)
    return notifications().rows.list_of(current_principal().user_id, page, unread=filters["unread"])


@blp.post("/read")
@signed_in
@idempotent
@blp.arguments(schemas.MarkRead)
@blp.response(200, schemas.MarkedRead)
def read_notifications(data: dict[str, Any]) -> dict[str, int]:
    """Mark notifications as read

    Send either `ids`, or `up_to_id` for all up to the newest that the user has seen. The answer counts
    those that were unread before; notifications of others and unknown ids are skipped.
    """
    marked = notifications().notifications.mark_read(
        current_principal(), data.get("ids"), data.get("up_to_id")
    )
    return {"marked": marked}
