"""Builds the services of orders."""

from dataclasses import dataclass
from datetime import timedelta

from marketplace.blueprints.availability import public as availability
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.offers import public as offers
from marketplace.blueprints.orders.contracts import DisputeDesk
from marketplace.blueprints.orders.policies.life import StepTimes
from marketplace.blueprints.orders.ports import OrderRecords, OrderRepository, PolicyRepository
from marketplace.blueprints.orders.repositories.orders import SqlOrderRepository
from marketplace.blueprints.orders.repositories.policies import SqlPolicyRepository
from marketplace.blueprints.orders.repositories.privacy import SqlOrderRecords
from marketplace.blueprints.orders.repositories.statistics import SqlStatistics
from marketplace.blueprints.orders.repositories.timeline import SqlTimelineRepository
from marketplace.blueprints.orders.services.arrival import ArrivalService
from marketplace.blueprints.orders.services.booking import BookingService
from marketplace.blueprints.orders.services.cancellation import CancellationService, PolicyService
from marketplace.blueprints.orders.services.desk import Desk
from marketplace.blueprints.orders.services.dispute_desk import StepsOfDisputes
from marketplace.blueprints.orders.services.leaving import Leaving
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.blueprints.orders.services.timeline import TimelineService
from marketplace.blueprints.orders.services.timers import TimerService
from marketplace.blueprints.orders.services.transitions import TransitionService
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Orders:
    """The services of orders."""

    desk: Desk
    booking: BookingService
    transitions: TransitionService
    timers: TimerService
    policies: PolicyService
    cancellation: CancellationService
    arrival: ArrivalService
    timeline: TimelineService
    dispute_desk: DisputeDesk
    leaving: Leaving
    policy_rows: PolicyRepository
    rows: OrderRepository
    records: OrderRecords
    numbers: SqlStatistics


def build(parts: Runtime) -> Orders:
    """Wire services to their adapters."""
    repository = SqlOrderRepository(parts.uow, parts.cursors)
    records = SqlOrderRecords(parts.uow)
    policies = SqlPolicyRepository(parts.uow)
    times = StepTimes(
        start_early=timedelta(minutes=parts.settings.order_start_early_minutes),
        no_show_after=timedelta(minutes=parts.settings.order_no_show_minutes),
    )
    audit = moderation.audit(parts)
    steps = Steps(parts.uow, repository, audit, parts.clock, times)
    calendar = availability.calendar(parts)
    desk = Desk(parts.uow, repository, steps, offers.get_service_for_booking, calendar, parts.clock, times)
    booking = BookingService(parts.uow, repository, desk, calendar, parts.clock, times)
    transitions = TransitionService(parts.uow, steps, calendar)
    return Orders(
        desk=desk,
        dispute_desk=StepsOfDisputes(booking, transitions),
        booking=booking,
        transitions=transitions,
        timers=TimerService(parts.uow, repository, steps, parts.clock),
        policies=PolicyService(parts.uow, policies, parts.clock),
        cancellation=CancellationService(parts.uow, repository, audit, parts.clock, times),
        arrival=ArrivalService(parts.uow, repository, steps, parts.clock),
        timeline=TimelineService(repository, SqlTimelineRepository(parts.uow, parts.cursors)),
        leaving=Leaving(records),
        policy_rows=policies,
        rows=repository,
        records=records,
        numbers=SqlStatistics(parts.uow),
    )


def orders() -> Orders:
    """The services of the current application."""
    return runtime().get(Orders)


def find_met(caller: Principal, user_id: int) -> int | None:
    """A user that the caller may report: one who has had an order with the caller, or the caller."""
    if user_id == caller.user_id or orders().rows.have_met(caller.user_id, user_id):
        return user_id
    return None
