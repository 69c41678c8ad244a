"""Every table: the schema is one thing, shared by all domains."""

from marketplace.database.base import Base
from marketplace.database.tables import DomainEventRow, IdempotencyKey, JobRow
from marketplace.models.accounts import (
    Budget,
    OneTimeCode,
    OneTimeToken,
    RecoveryCode,
    SecondFactor,
    User,
    UserSession,
)
from marketplace.models.catalog import (
    Banner,
    BannerCount,
    Category,
    CategoryAlias,
    CategoryMerger,
    City,
    ReferenceData,
    Service,
)
from marketplace.models.certificates import Certificate
from marketplace.models.chat import Chat, ChatMember, Message
from marketplace.models.disputes import Dispute, DisputeEvidence
from marketplace.models.feeds import CalendarFeed
from marketplace.models.figures import PerformerFigures
from marketplace.models.listings import (
    PerformerListing,
    PerformerListingCategory,
    SearchWord,
    ServiceListing,
    StaleListing,
)
from marketplace.models.moderation import AuditEntry, BulkOperation, ChangeRequest, Report
from marketplace.models.notifications import Notification
from marketplace.models.orders import CancellationPolicy, Order, OrderRemark, OrderTransition
from marketplace.models.performers import Favourite, Performer, PerformerCategory
from marketplace.models.portfolio import PortfolioImage
from marketplace.models.privacy import DataExport
from marketplace.models.realtime import RealtimeMessage
from marketplace.models.reviews import CustomerRating, Review, ReviewPhoto
from marketplace.models.schedules import (
    BookedTime,
    ExternalBusyTime,
    ExternalCalendar,
    PerformerSchedule,
    PerformerWeek,
    ScheduleException,
    Vacation,
)
from marketplace.models.series import OrderSeries
from marketplace.models.waitlist import WaitlistEntry

__all__ = [
    "AuditEntry",
    "Banner",
    "BannerCount",
    "Base",
    "BookedTime",
    "Budget",
    "BulkOperation",
    "CalendarFeed",
    "CancellationPolicy",
    "Category",
    "CategoryAlias",
    "CategoryMerger",
    "Certificate",
    "ChangeRequest",
    "Chat",
    "ChatMember",
    "City",
    "CustomerRating",
    "DataExport",
    "Dispute",
    "DisputeEvidence",
    "DomainEventRow",
    "ExternalBusyTime",
    "ExternalCalendar",
    "Favourite",
    "IdempotencyKey",
    "JobRow",
    "Message",
    "Notification",
    "OneTimeCode",
    "OneTimeToken",
    "Order",
    "OrderRemark",
    "OrderSeries",
    "OrderTransition",
    "Performer",
    "PerformerCategory",
    "PerformerFigures",
    "PerformerListing",
    "PerformerListingCategory",
    "PerformerSchedule",
    "PerformerWeek",
    "PortfolioImage",
    "RealtimeMessage",
    "RecoveryCode",
    "ReferenceData",
    "Report",
    "Review",
    "ReviewPhoto",
    "ScheduleException",
    "SearchWord",
    "SecondFactor",
    "Service",
    "ServiceListing",
    "StaleListing",
    "User",
    "UserSession",
    "Vacation",
    "WaitlistEntry",
]
