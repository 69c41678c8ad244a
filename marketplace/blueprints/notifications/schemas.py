"""Schemas of notifications."""

from typing import Any

import marshmallow as ma

from marketplace.blueprints.notifications.policies import NotificationTopic
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery


class NotificationsQuery(PageQuery):
    """The notifications that the list is narrowed to."""

    unread = fields.Bool(load_default=False, description="True: only those that are not read yet")


class Notification(Schema):
    """Something that the user was told."""

    id = fields.Id(required=True)
    topic = fields.Enum(NotificationTopic, required=True, description="What happened")
    data = fields.Raw(
        description="What the event tells, by its topic: see `GET /notifications`",
        example={"order_id": 1},
    )
    read_at = fields.DateTime(
        required=True, allow_none=True, description="When the user marked it as read; null until then"
    )
    created_at = fields.DateTime(required=True)


class NotificationNew(Schema):
    """Something that the user was told just now."""

    id = fields.Id(required=True)
    topic = fields.Enum(NotificationTopic, required=True, description="What happened")
    data = fields.Raw(
        description="What the event tells, by its topic: see `GET /notifications`", example={"order_id": 1}
    )


class MarkRead(Schema):
    """The notifications to mark: `ids` or `up_to_id`, and not both."""

    ids = fields.List(fields.Id(), min=1, max=100, unique=True, description="The notifications to mark")
    up_to_id = fields.Id(description="Mark this notification and all before it")

    @ma.validates_schema
    def exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        """Some, or all up to one."""
        if len(data) != 1:
            raise ma.ValidationError("Send either ids or up_to_id.")


class MarkedRead(Schema):
    """How many notifications were marked."""

    marked = fields.Int(required=True, description="How many of them were unread before")
