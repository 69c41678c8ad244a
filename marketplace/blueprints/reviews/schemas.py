"""Schemas of reviews."""

from marketplace.blueprints.reviews.policies import MAX_PHOTOS, ReviewDirection
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery


class AspectsCreate(Schema):
    """What a customer rates apart; each may be left out."""

    quality = fields.Rating(description="How good the work is: 1 to 5 stars")
    punctuality = fields.Rating(description="How well the agreed times were kept: 1 to 5 stars")
    communication = fields.Rating(description="How well the performer answered and explained: 1 to 5 stars")


class ReviewAspects(Schema):
    """What the author rated apart."""

    quality = fields.Rating(
        required=True, allow_none=True, description="How good the work is; null when it was not rated"
    )
    punctuality = fields.Rating(
        required=True,
        allow_none=True,
        description="How well the agreed times were kept; null when it was not rated",
    )
    communication = fields.Rating(
        required=True,
        allow_none=True,
        description="How well the performer answered and explained; null when it was not rated",
    )


class ReviewCreate(Schema):
    """A review of the other party of an order."""

    rating = fields.Rating(required=True, description="1 to 5 stars")
    aspects = fields.Nested(
        AspectsCreate,
        description="Stars by aspect, for reviews of performers alone; they do not change `rating`. JSON text"
        " in multipart",
    )
    text = fields.Text(
        max=4000, description="What others read of it", example="On time, friendly, and the lamp works."
    )
    note_to_staff = fields.Text(
        max=2000, description="What only staff reads", example="The stairs were left dirty."
    )
    photos = fields.List(
        fields.Upload(),
        max=MAX_PHOTOS,
        description="Photos, for reviews of performers alone and in multipart alone: JPEG, PNG or WebP, at"
        " most 25 megapixels each",
    )


class ReviewReply(Schema):
    """An answer to a review."""

    text = fields.Text(
        required=True,
        min=1,
        max=2000,
        description="What you answer; whoever reads the review reads it",
        example="Thank you, it was a pleasure!",
    )


class ReviewAuthor(Schema):
    """The author of a review, as others see one."""

    id = fields.Id(required=True)
    first_name = fields.Str(required=True, max=100, description="The first name")
    last_name = fields.Str(required=True, min=0, max=10, description="The first letter of the last name")
    avatar_url = fields.Str(
        required=True,
        allow_none=True,
        max=2048,
        description="The path of the picture on this server; null without one",
    )


class ReviewPhoto(Schema):
    """A photo of a review."""

    id = fields.Id(required=True)
    url = fields.Str(
        required=True,
        max=2048,
        description="The path of the photo on this server; in answers to parties and staff it opens for 10 to"
        " 20 minutes",
        example="/media/reviews/0123456789abcdef0123456789abcdef.webp",
    )
    thumbnail_url = fields.Str(
        required=True, max=2048, description="The path of a smaller one, of at most 400 pixels, likewise"
    )
    width = fields.Int(required=True, min=1, description="Pixels")
    height = fields.Int(required=True, min=1, description="Pixels")


class Review(Schema):
    """A review as everybody may read it."""

    id = fields.Id(required=True)
    author = fields.Nested(ReviewAuthor, required=True, description="Who wrote it")
    rating = fields.Rating(required=True, description="1 to 5 stars")
    aspects = fields.Nested(
        ReviewAspects,
        required=True,
        allow_none=True,
        description="Stars by aspect; null when none was rated, and for reviews of customers",
    )
    text = fields.Text(required=True, description="What the author says; may be empty")
    photos = fields.List(
        fields.Nested(ReviewPhoto),
        required=True,
        description="What the author photographed, in the author's order: at most five, none of a hidden one",
    )
    reply = fields.Text(
        required=True, allow_none=True, description="The answer of the reviewed party; null without one"
    )
    replied_at = fields.DateTime(
        required=True, allow_none=True, description="When the reply was written; null without one"
    )
    published_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When it was published; null while only its author sees it",
    )


class OrderReview(Review):
    """A review as the parties of its order see it."""

    order_id = fields.Id(required=True)
    direction = fields.Enum(ReviewDirection, required=True, description="Whom it is about")
    publish_at = fields.DateTime(
        required=True, description="When it is published at the latest, even if the other party writes none"
    )
    created_at = fields.DateTime(required=True)


class OrderReviews(Schema):
    """The reviews of an order that you may see."""

    reviews = fields.List(
        fields.Nested(OrderReview),
        required=True,
        description="Your own review, and the other party's once it is published; at most two",
    )


class StaffReview(OrderReview):
    """A review as staff sees it."""

    note_to_staff = fields.Text(
        required=True, allow_none=True, description="What the author tells staff alone; null without a note"
    )
    performer_id = fields.Id(required=True, description="The id of the order's performer profile")
    customer_id = fields.Id(required=True, description="The id of the order's customer, a user")
    hidden_at = fields.DateTime(
        required=True, allow_none=True, description="When staff hid it; null when it did not"
    )
    hidden_reason = fields.Text(
        required=True, allow_none=True, description="Why staff hid it; null when it did not"
    )


class StaffReviewsQuery(PageQuery):
    """The filters of staff's list of reviews."""

    performer_id = fields.Id(description="Only reviews of orders of this performer, in both directions")
    hidden = fields.Bool(description="`true`: only reviews that staff has hidden; `false`: only others")


class HideReason(Schema):
    """Why staff hides a review."""

    reason = fields.Text(
        required=True,
        min=1,
        max=1000,
        description="Why; staff and the audit log keep it",
        example="Insults the performer",
    )
