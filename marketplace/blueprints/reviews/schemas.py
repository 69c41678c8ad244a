"""What goes in and out of reviews."""

from marketplace.blueprints.reviews.policies import Direction
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import Schema


class ReviewCreate(Schema):
    rating = fields.Rating(required=True)
    text = fields.Text(max=4000)
    note_to_staff = fields.Text(max=2000, metadata={"description": "Only staff reads this"})


class ReviewReply(Schema):
    text = fields.Text(required=True, min=1, max=2000)


class ReviewAuthor(Schema):
    id = fields.Id(required=True)
    first_name = fields.Str(required=True, max=100)
    last_name = fields.Str(required=True, min=0, max=10)
    avatar_url = fields.Str(required=True, allow_none=True, max=2048)


class Review(Schema):
    id = fields.Id(required=True)
    author = fields.Nested(ReviewAuthor, required=True)
    rating = fields.Rating(required=True)
    text = fields.Text(required=True)
    reply = fields.Text(required=True, allow_none=True)
    replied_at = fields.DateTime(required=True, allow_none=True)
    published_at = fields.DateTime(required=True, allow_none=True)


class OrderReview(Review):
    order_id = fields.Id(required=True)
    direction = fields.Enum(Direction, required=True)
    publish_at = fields.DateTime(
        required=True, metadata={"description": "When it is shown even if the other party stays silent"}
    )
    created_at = fields.DateTime(required=True)


class OrderReviews(Schema):
    reviews = fields.List(fields.Nested(OrderReview), required=True)


class StaffReview(OrderReview):
    note_to_staff = fields.Text(required=True, allow_none=True)
    performer_id = fields.Id(required=True)
    customer_id = fields.Id(required=True)
    hidden_at = fields.DateTime(required=True, allow_none=True)
    hidden_reason = fields.Text(required=True, allow_none=True)


class StaffReviewsQuery(PageQuery):
    performer_id = fields.Id()
    hidden = fields.Bool()


class HideReason(Schema):
    reason = fields.Text(required=True, min=1, max=1000)


class CustomerRating(Schema):
    count = fields.Int(required=True)
    average = fields.Float(min=1, max=5, required=True, allow_none=True)
