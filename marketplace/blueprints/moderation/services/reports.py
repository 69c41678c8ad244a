"""Reports: users report content of others to staff, and staff closes the reports."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from marketplace.blueprints.moderation.contracts import (
    AuditLog,
    Reportable,
    ReportClosed,
    ReportedContent,
    ReportFiled,
)
from marketplace.blueprints.moderation.errors import OwnContent
from marketplace.blueprints.moderation.policies import (
    ReportOutcome,
    ReportStatus,
    live_claim,
    report_objection,
)
from marketplace.blueprints.moderation.ports import ReportFilters, ReportRepository, ReportView
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork


class Reports:
    """Users file reports, staff closes them. Closing changes the reported content only when staff says so:
    hiding and blocking have routes of their own.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        reports: ReportRepository,
        audit: AuditLog,
        clock: Clock,
        kinds: Iterable[Reportable],
    ) -> None:
        self._uow = uow
        self._reports = reports
        self._audit = audit
        self._clock = clock
        self._kinds = {kind.name: kind for kind in kinds}

    def file(self, caller: Principal, content_type: str, content_id: int, reason: str) -> ReportView:
        """Raises Invalid for a kind that no domain gives, NotFound for what the caller may not know of,
        OwnContent, AlreadyReported.
        """
        kind = self._kinds.get(content_type)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            raise Invalid(
                errors={"json": {"content_type": [Text("This must be one of: {choices}.", choices=known)]}}
            )
        with self._uow:
            owner_id = kind.find_owner(caller, content_id)
            if owner_id is None:
                raise NotFound
            if owner_id == caller.user_id:
                raise OwnContent
            report = self._reports.add(
                {
                    "reporter_id": caller.user_id,
                    "content_type": content_type,
                    "content_id": content_id,
                    "owner_id": owner_id,
                    "reason": reason,
                    "created_at": self._clock.now(),
                }
            )
            self._uow.record(
                ReportFiled(report_id=report.id, content_type=content_type, content_id=content_id)
            )
            return report

    def list_all(self, page: PageRequest, filters: ReportFilters, reader: Principal) -> Page[ReportView]:
        """The queue of staff, oldest first. Raises InvalidCursor."""
        now = self._clock.now()
        found = self._reports.list_all(page, filters, reader.user_id, now)
        shown = self._with_content(found.items)
        return replace(found, items=[replace(report, **live_claim(report, now)) for report in shown])

    def with_content(self, report: ReportView) -> ReportView:
        """The report with what staff reads of the reported thing."""
        return self._with_content([report])[0]

    def _with_content(self, reports: Sequence[ReportView]) -> list[ReportView]:
        """Asks once for each kind of thing."""
        ids: dict[str, set[int]] = {}
        for report in reports:
            ids.setdefault(report.content_type, set()).add(report.content_id)
        content: dict[tuple[str, int], ReportedContent] = {}
        for name, some in ids.items():
            # A plugin that is there no more has left its reports.
            kind = self._kinds.get(name)
            if kind is not None and kind.show is not None:
                content |= {(name, key): one for key, one in kind.show(sorted(some)).items()}
        return [
            replace(report, content=content.get((report.content_type, report.content_id)))
            for report in reports
        ]

    def close(
        self,
        actor: Principal,
        report_id: int,
        outcome: ReportOutcome,
        note: str | None,
        *,
        hide: bool = False,
    ) -> ReportView:
        """Close a report; one of two concurrent callers does. With `hide` the reported thing is hidden too,
        for the reason in `note`; the reporter's own words are for staff alone.

        Raises NotFound, OwnReport, ReportNotOpen, ClaimedByOther, Invalid (`hide` of a dismissed report, or
        of a kind of thing that is not hidden so), and what keeps `actor` from hiding the thing.
        """
        if hide and outcome is not ReportOutcome.UPHELD:
            raise Invalid(errors={"json": {"hide": ["Only what an upheld report is about can be hidden."]}})
        with self._uow:
            report = self._reports.find(report_id, lock=True)
            if report is None:
                raise NotFound
            now = self._clock.now()
            problem = report_objection(actor, report, now)
            if problem is not None:
                raise problem
            kind = self._kinds.get(report.content_type)
            if hide and (kind is None or kind.hide is None):
                raise Invalid(errors={"json": {"hide": ["Hide this by the call for that kind of thing."]}})
            values = {
                "status": ReportStatus.CLOSED,
                "outcome": outcome,
                "note": note,
                "closed_by": actor.user_id,
                "closed_at": now,
                "claimed_by": None,
                "claimed_until": None,
            }
            closed = self._reports.close(report_id, values)
            self._audit.write(
                "report.closed",
                "report",
                report_id,
                actor=actor,
                before={"status": ReportStatus.OPEN},
                after={"status": ReportStatus.CLOSED, "outcome": outcome},
                reason=note,
            )
            self._uow.record(
                ReportClosed(
                    report_id=report_id,
                    content_type=report.content_type,
                    content_id=report.content_id,
                    reporter_id=report.reporter_id,
                    outcome=outcome,
                )
            )
            if hide and kind is not None and kind.hide is not None:
                kind.hide(actor, report.content_id, note or "Reported")
            return self.with_content(closed)
