"""The plugin of reviews: what they add to the program and give to other domains."""

from marketplace.blueprints.moderation.contracts import BulkAction, Reportable
from marketplace.blueprints.reviews.errors import CONSTRAINTS
from marketplace.blueprints.reviews.handlers import SHOWN, jobs
from marketplace.blueprints.reviews.policies import CACHE_TOPIC, PHOTO_FOLDER, PHOTO_KIND, Visibility
from marketplace.blueprints.reviews.routes import own, staff
from marketplace.blueprints.reviews.wiring import Reviews, build, files_of, reviews
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter
from marketplace.outside.ports import PrivateKind, PublicFolder
from marketplace.plugins import Plugin
from marketplace.web.caching.topics import CacheDrop
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="reviews",
    requires=("moderation", "accounts", "performers", "orders", "privacy"),
    blueprints=(own.blp, staff.blp),
    provides={Reviews: build},
    gives=(
        BulkAction("reviews", tuple(Visibility), decision=lambda: reviews().reviews),
        Reportable(
            "review",
            late(lambda: reviews().reported.author_for),
            show=late(lambda: reviews().reported.show),
            hide=late(lambda: reviews().reviews.hide_reported),
        ),
        Counter("published_reviews", late(lambda: reviews().numbers.published_reviews)),
        ExportSection("reviews_written", late(lambda: reviews().records.written)),
        ExportSection("reviews_received", late(lambda: reviews().records.received)),
        PrivateKind(PHOTO_KIND, late(lambda: reviews().files.find_file)),
        PublicFolder(PHOTO_FOLDER, late(lambda: reviews().files.is_shown)),
        ExportSection("review_photos", late(lambda: reviews().photo_rows.export), files_of),
        Erasure("review_photos", late(lambda: reviews().files.forget)),
        ExportSection("customer_rating", late(lambda: reviews().records.customer_rating)),
        Erasure("reviews", late(lambda: reviews().records.forget)),
        CacheDrop(CACHE_TOPIC, SHOWN),
    ),
    jobs=jobs,
    constraints=CONSTRAINTS,
)
