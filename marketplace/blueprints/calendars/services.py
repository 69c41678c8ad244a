"""The external calendars of performers: their addresses, and the fetches that bring their busy times."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from marketplace.blueprints.availability.contracts import PerformerScheduleChanged
from marketplace.blueprints.calendars import policies
from marketplace.blueprints.calendars.contracts import CalendarFailing
from marketplace.blueprints.calendars.errors import CalendarAskedAgain, TooManyCalendars
from marketplace.blueprints.calendars.ports import (
    AddressVault,
    CalendarError,
    CalendarRepository,
    CalendarRow,
    CalendarSource,
    CalendarView,
    Span,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.errors import AddressRefused, CalendarRefused, FetchFailed
from marketplace.outside.ports import CalendarReader, HttpClient

FETCH_JOB = "calendars.fetch"
BATCH = 200
"""Fetches that are begun in one transaction."""
_OK, _NOT_MODIFIED = 200, 304
_MAX_VALIDATOR = 500


class CalendarService:
    """The caller's own external calendars."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: CalendarRepository,
        vault: AddressVault,
        http: HttpClient,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._vault = vault
        self._http = http
        self._clock = clock

    def list_own(self, caller: Principal) -> Sequence[CalendarView]:
        """The oldest first."""
        return [self._view(row) for row in self._rows.list_own(own_performer_id(caller))]

    def get(self, caller: Principal, calendar_id: int) -> CalendarView:
        """Raises NotFound."""
        row = self._rows.find_own(own_performer_id(caller), calendar_id)
        if row is None:
            raise NotFound
        return self._view(row)

    def add(self, caller: Principal, url: str, name: str) -> CalendarView:
        """Keep an address; the worker fetches it at once. Raises Invalid, TooManyCalendars, CalendarKnown."""
        performer_id = own_performer_id(caller)
        url = self._checked(url)
        now = self._clock.now()
        with self._uow:
            self._rows.lock_owner(performer_id)
            if len(self._rows.list_own(performer_id)) >= policies.MAX_CALENDARS:
                raise TooManyCalendars
            row = self._rows.add(performer_id, name, self._vault.seal(url), self._vault.digest(url), now)
            self._begin(row.id, now)
            return self._view(row)

    def remove(self, caller: Principal, calendar_id: int) -> None:
        """Remove a calendar and its busy times. Raises NotFound."""
        performer_id = own_performer_id(caller)
        with self._uow:
            if not self._rows.remove(performer_id, calendar_id):
                raise NotFound
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))

    def refresh(self, caller: Principal, calendar_id: int) -> CalendarView:
        """Fetch a calendar soon, by the worker. Raises NotFound, CalendarAskedAgain."""
        performer_id = own_performer_id(caller)
        now = self._clock.now()
        with self._uow:
            row = self._rows.find_own(performer_id, calendar_id, lock=True)
            if row is None:
                raise NotFound
            if row.refresh_asked_at is not None:
                wait = row.refresh_asked_at + policies.ASK_AGAIN_AFTER - now
                if wait.total_seconds() > 0:
                    raise CalendarAskedAgain(retry_after=int(wait.total_seconds()) + 1)
            self._begin(calendar_id, now, asked=now)
            return self._view(row)

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: names and addresses."""
        for row in self._rows.export(user_id):
            yield {"name": row.name, "url": self._vault.open(row.url_sealed), "created_at": row.created_at}

    def _begin(self, calendar_id: int, now: datetime, asked: datetime | None = None) -> None:
        number = self._rows.begin(calendar_id, now + policies.LOST_AFTER, asked)
        self._uow.enqueue(FETCH_JOB, {"calendar_id": calendar_id, "number": number})

    def _checked(self, url: str) -> str:
        scheme, separator, rest = url.strip().partition("://")
        if scheme.lower() in {"webcal", "webcals"}:
            # What calendar programs call the address of an .ics file.
            scheme = "https"
        try:
            return self._http.normal(f"{scheme}{separator}{rest}")
        except AddressRefused as refused:
            raise Invalid(errors={"json": {"url": [policies.sentence(refused.code)]}}) from None

    def _view(self, row: CalendarRow) -> CalendarView:
        error = None
        if row.error is not None:
            error = CalendarError(row.error, policies.sentence(row.error))
        return CalendarView(
            row.id,
            row.name,
            self._vault.open(row.url_sealed) or "",
            row.status,
            row.fetched_at,
            error,
            row.busy_count,
            row.created_at,
        )


@dataclass(frozen=True)
class _Fetched:
    """What a fetch brought: `spans` is None when all is as it was."""

    spans: Sequence[Span] | None
    values: Mapping[str, Any]


class FetchService:
    """Fetches external calendars, for the worker; nobody's rights are asked."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: CalendarRepository,
        vault: AddressVault,
        http: HttpClient,
        reader: CalendarReader,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._vault = vault
        self._http = http
        self._reader = reader
        self._clock = clock

    def begin_due(self) -> None:
        """A job for each calendar whose next fetch is due, so that a slow address holds up no other."""
        while True:
            now = self._clock.now()
            with self._uow:
                due = self._rows.begin_due(now, now + policies.LOST_AFTER, BATCH)
                for calendar_id, number in due:
                    self._uow.enqueue(FETCH_JOB, {"calendar_id": calendar_id, "number": number})
            if len(due) < BATCH:
                return

    def fetch(self, calendar_id: int, number: int) -> None:
        """Fetch a calendar and store its busy times, unless a later fetch has begun."""
        with self._uow:
            source = self._rows.find_source(calendar_id, number)
        if source is None:
            return
        began = monotonic()
        now = self._clock.now()
        try:
            found: _Fetched | str = self._fetched(source, now)
        except (FetchFailed, CalendarRefused) as failure:
            found = failure.code
        seconds = monotonic() - began
        with self._uow:
            if not self._rows.lock_fetch(calendar_id, number):
                return
            if isinstance(found, str):
                self._store_failure(calendar_id, source, found, now, seconds)
            else:
                self._store(calendar_id, source, found, now, seconds)

    def _fetched(self, source: CalendarSource, now: datetime) -> "_Fetched | str":
        """What the address answers, or the code of a failure. Raises FetchFailed, CalendarRefused."""
        url = self._vault.open(source.url_sealed)
        if url is None:
            return "address_lost"
        known = (
            source.read_at is not None
            and source.read_zone == source.timezone
            and now - source.read_at < policies.READ_AGAIN_AFTER
        )
        headers = {"Accept": "text/calendar, */*;q=0.1"}
        if known and source.etag:
            headers["If-None-Match"] = source.etag
        if known and source.last_modified:
            headers["If-Modified-Since"] = source.last_modified
        answer = self._http.get(url, headers)
        if answer.status == _NOT_MODIFIED and known:
            return _Fetched(None, {})
        if answer.status != _OK:
            return policies.code_of(answer.status)
        digest = hashlib.sha256(answer.body).digest()
        validators = {
            "etag": _validator(answer.headers.get("etag")),
            "last_modified": _validator(answer.headers.get("last-modified")),
        }
        if known and digest == source.content_hash:
            return _Fetched(None, validators)
        spans = self._reader.busy(answer.body, source.timezone, *policies.window(now))
        read = {"content_hash": digest, "read_at": now, "read_zone": source.timezone}
        return _Fetched(spans, {**validators, **read, "busy_count": len(spans)})

    def _store(
        self, calendar_id: int, source: CalendarSource, found: _Fetched, now: datetime, seconds: float
    ) -> None:
        if found.spans is not None and self._rows.replace_busy(
            calendar_id, source.performer_id, found.spans, now
        ):
            self._uow.record(PerformerScheduleChanged(performer_id=source.performer_id))
        values = {
            "status": "ok",
            "error": None,
            "failures": 0,
            "fetched_at": now,
            "tried_at": now,
            "next_fetch_at": policies.next_fetch(now, 0, seconds, random.random()),  # noqa: S311 - spreads load
        }
        self._rows.update(calendar_id, {**values, **found.values})

    def _store_failure(
        self, calendar_id: int, source: CalendarSource, code: str, now: datetime, seconds: float
    ) -> None:
        failures = source.failures + 1
        values = {
            "status": "failing",
            "error": code,
            "failures": failures,
            "tried_at": now,
            "next_fetch_at": policies.next_fetch(now, failures, seconds, random.random()),  # noqa: S311 - spreads load
        }
        self._rows.update(calendar_id, values)
        if failures == policies.TELL_AFTER:
            self._uow.record(
                CalendarFailing(
                    user_id=source.user_id,
                    performer_id=source.performer_id,
                    calendar_id=calendar_id,
                    reason=code,
                )
            )


def _validator(value: str | None) -> str | None:
    """A validator of the answer, if it can be sent back as it is."""
    if value is None or len(value) > _MAX_VALIDATOR or not (value.isascii() and value.isprintable()):
        return None
    return value
