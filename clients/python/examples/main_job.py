"""The main job from sign-up to receipts, as two people and one of the staff do it.

python -m examples.main_job BASE_URL FOLDER_OF_MAILS ADMIN PASSWORD
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from marketplace_api.chat import Chat, RefusedEvent
from marketplace_api.rest.api.accounts import login, sign_up, verify_email
from marketplace_api.rest.api.availability import replace_schedule
from marketplace_api.rest.api.catalog import list_categories, list_cities
from marketplace_api.rest.api.chat import open_chat
from marketplace_api.rest.api.offers import create_service
from marketplace_api.rest.api.onboarding import apply_as_performer
from marketplace_api.rest.api.orders import (
    accept_order,
    complete_order,
    create_order,
    deliver_order,
    start_order,
)
from marketplace_api.rest.api.staff_bulk import bulk_status_performers
from marketplace_api.rest.client import AuthenticatedClient
from marketplace_api.rest.models import (
    BulkStatus,
    ChatOpen,
    Currency,
    EmailToken,
    LoginIn,
    Money,
    OrderAddress,
    OrderCreate,
    OrderStatus,
    PerformerAddress,
    PerformerApplication,
    Pricing,
    ScheduleIn,
    ServiceIn,
    SignUp,
    Tokens,
    WorkingHours,
)
from marketplace_api.session import ProblemError, Session, create_api, ok
from marketplace_api.sockets import Receipt

T = TypeVar("T")

BASE_URL, MAILS, ADMIN, PASSWORD = sys.argv[1:]


def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, within 20 seconds."""
    deadline = time.monotonic() + 20
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def mail_token(address: str) -> str:
    """The token of the first mail to an address; a development server writes mails into a folder."""

    def look() -> str | None:
        for path in Path(MAILS).glob("*.json"):
            mail = json.loads(path.read_text(encoding="utf-8"))
            if mail["to"] == address:
                return str(mail["data"]["token"])
        return None

    return until(look)


def sign_up_as(name: str) -> tuple[Session, AuthenticatedClient]:
    """A new user with a confirmed address."""
    session = Session(BASE_URL)
    api = create_api(session)
    unique = f"{name.lower()}_{uuid.uuid4().hex[:8]}"
    email = f"{unique}@example.org"
    body = SignUp(
        username=unique, email=email, password="Correct-Horse-7", first_name=name, last_name="Example"
    )
    session.use(ok(sign_up.sync_detailed(client=api, body=body)).tokens)
    ok(verify_email.sync_detailed(client=api, body=EmailToken(token=mail_token(email))))
    return session, api


staff_session = Session(BASE_URL)
staff = create_api(staff_session)
staff_session.use(ok(login.sync_detailed(client=staff, body=LoginIn(login=ADMIN, password=PASSWORD))))
performer_session, performer = sign_up_as("Pavel")
customer_session, customer = sign_up_as("Carla")

# Become a performer, and be let in.
city = ok(list_cities.sync_detailed(client=performer, q="munich")).items[0]
category = ok(list_categories.sync_detailed(client=performer)).items[0].children[0]
profile = ok(
    apply_as_performer.sync_detailed(
        client=performer,
        body=PerformerApplication(
            city_id=city.id,
            category_ids=[category.id],
            headline="Careful and on time",
            about="Twenty years of practice.",
            address=PerformerAddress(line1="Marienplatz 1"),
            timezone="Europe/Berlin",
        ),
    )
)
decision = BulkStatus(ids=[profile.id], status="approved", reason="Papers seen")
ok(bulk_status_performers.sync_detailed(client=staff, body=decision))
service = ok(
    create_service.sync_detailed(
        client=performer,
        body=ServiceIn(
            category_id=category.id,
            title="A first visit",
            description="One hour",
            pricing=Pricing.FIXED,
            price=Money(amount=6500, currency=Currency.EUR),
            duration_minutes=60,
            is_active=True,
        ),
    )
)

# Work round the clock, so that this can be run at any time.
weekly = [WorkingHours(weekday=day, start="00:00", end="24:00") for day in range(7)]
ok(replace_schedule.sync_detailed(client=performer, body=ScheduleIn(weekly=weekly), if_match="*"))

# An access token that is no good any more is renewed on the way.
assert customer_session.tokens is not None
stale = Tokens.from_dict({**customer_session.tokens.to_dict(), "access_token": "expired"})
customer_session.use(stale)

# Book. The same key again gives the same answer, and books nothing twice.
booking = OrderCreate(
    service_id=service.id,
    starts_at=datetime.now(UTC) + timedelta(minutes=90),
    address=OrderAddress(line1="Leopoldstraße 5"),
)
key = uuid.uuid4().hex
order = ok(create_order.sync_detailed(client=customer, body=booking, idempotency_key=key))
assert customer_session.tokens.access_token != "expired"
assert ok(create_order.sync_detailed(client=customer, body=booking, idempotency_key=key)).id == order.id
try:
    ok(accept_order.sync_detailed(order.id, client=customer))
except ProblemError as refused:
    assert refused.problem.status == 403  # noqa: PLR2004 - Forbidden
else:
    raise AssertionError("a customer accepted")
assert ok(accept_order.sync_detailed(order.id, client=performer)).status == OrderStatus.CONFIRMED

# Talk: what is sent while the other one is away comes with the next connect, once and in order.
chat = ok(open_chat.sync_detailed(client=customer, body=ChatOpen(order_id=order.id)))
heard: list[str] = []
receipts: list[Receipt] = []
customers = Chat(customer_session, lambda _message: None)
customers.events.on("receipt", receipts.append)
customers.connect()
client_id = str(uuid.uuid4())
first = customers.send(chat.id, "When do you come?", client_id)
assert customers.send(chat.id, "When do you come?", client_id) == {**first, "duplicate": True}
performers = Chat(performer_session, lambda message: heard.append(message["text"]))
performers.connect()
until(lambda: heard)
performers.close()
customers.send(chat.id, "The lamp is in the hall.", str(uuid.uuid4()))
performers.connect()
until(lambda: heard[1:])
last = customers.send(chat.id, "Until soon!", str(uuid.uuid4()))
until(lambda: heard[2:])
assert heard == ["When do you come?", "The lamp is in the hall.", "Until soon!"], heard
performers.read(chat.id, last["seq"])
until(lambda: [one for one in receipts if one["read_seq"] == last["seq"]])
try:
    customers.send(chat.id, "", str(uuid.uuid4()))
except RefusedEvent as refused:
    assert refused.problem["code"] == "validation_failed"
else:
    raise AssertionError("an empty message was sent")

# Do the work.
for step in (start_order, deliver_order):
    ok(step.sync_detailed(order.id, client=performer))
done = ok(complete_order.sync_detailed(order.id, client=customer))
assert done.status == OrderStatus.COMPLETED
customers.close()
performers.close()
print(f"order {order.id} is {done.status}")
