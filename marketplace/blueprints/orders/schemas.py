"""What goes in and out of orders."""

from marketplace.blueprints.orders.policies import Outcome, Role, Status
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import Schema

MAX_REASON = 1000


class OrderAddress(Schema):
    line1 = fields.Str(required=True, min=1, max=200)
    line2 = fields.Str(max=200)
    postal_code = fields.Str(max=20)
    note = fields.Str(max=500)


class OrderCreate(Schema):
    service_id = fields.Id(required=True)
    starts_at = fields.DateTime(required=True)
    address = fields.Nested(OrderAddress, required=True)
    note = fields.Text(max=2000)


class OrdersQuery(PageQuery):
    role = fields.Enum(Role, only=(Role.CUSTOMER, Role.PERFORMER))
    status = fields.Enum(Status)
    from_ = fields.DateTime(data_key="from", attribute="from")
    to = fields.DateTime()


class StaffOrdersQuery(PageQuery):
    status = fields.Enum(Status)
    from_ = fields.DateTime(data_key="from", attribute="from")
    to = fields.DateTime()


class OptionalReason(Schema):
    reason = fields.Text(max=MAX_REASON)


class RequiredReason(Schema):
    reason = fields.Text(required=True, min=1, max=MAX_REASON)


class Resolve(Schema):
    outcome = fields.Enum(Outcome, required=True)
    reason = fields.Text(max=MAX_REASON)


class StaffResolve(Schema):
    outcome = fields.Enum(Outcome, required=True)
    reason = fields.Text(required=True, min=1, max=MAX_REASON)


class Reschedule(Schema):
    starts_at = fields.DateTime(required=True)


class Order(Schema):
    id = fields.Id(required=True)
    customer_id = fields.Id(required=True)
    performer_id = fields.Id(required=True)
    service_id = fields.Id(required=True)
    status = fields.Enum(Status, required=True)
    title = fields.Str(required=True, max=200)
    pricing = fields.Str(required=True, max=20)
    price = fields.Money(required=True, allow_none=True)
    starts_at = fields.DateTime(required=True)
    ends_at = fields.DateTime(required=True)
    address = fields.Nested(OrderAddress, required=True)
    note = fields.Text(required=True)
    proposed_starts_at = fields.DateTime(required=True, allow_none=True)
    proposed_by = fields.Enum(Role, required=True, allow_none=True)
    resolution = fields.Enum(Outcome, required=True, allow_none=True)
    resolution_by = fields.Enum(Role, required=True, allow_none=True)
    completed_at = fields.DateTime(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    allowed_transitions = fields.List(
        fields.Str(max=32), required=True, metadata={"description": "The steps that you may take now"}
    )


class HistoryEntry(Schema):
    id = fields.Id(required=True)
    transition = fields.Str(required=True, max=32)
    from_status = fields.Enum(Status, required=True, allow_none=True)
    to_status = fields.Enum(Status, required=True)
    actor_role = fields.Enum(Role, required=True)
    reason = fields.Text(required=True, allow_none=True)
    data = fields.Raw()
    created_at = fields.DateTime(required=True)
