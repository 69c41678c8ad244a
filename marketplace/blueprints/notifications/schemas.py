"""What goes in and out of notifications."""

from typing import Any

import marshmallow as ma

from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import Schema


class NotificationsQuery(PageQuery):
    unread = fields.Bool(load_default=False)


class Notification(Schema):
    id = fields.Id(required=True)
    topic = fields.Str(required=True, max=64)
    data = fields.Raw()
    read_at = fields.DateTime(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)


class NotificationNew(Schema):
    id = fields.Id(required=True)
    topic = fields.Str(required=True, max=64)
    data = fields.Raw()


class MarkRead(Schema):
    ids = fields.List(fields.Id(), min=1, max=100, unique=True)
    up_to_id = fields.Id()

    @ma.validates_schema
    def exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        """Some, or all up to one."""
        if len(data) != 1:
            raise ma.ValidationError("Send either ids or up_to_id.")


class Marked(Schema):
    marked = fields.Int(required=True)
