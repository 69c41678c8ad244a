"""`make tour`: the main job in the terminal, from sign-up to reviews, against the running server."""

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import urllib3
from urllib3.exceptions import HTTPError

from marketplace.blueprints.demo.data.logins import PASSWORD as DEMO_PASSWORD
from marketplace.config import ConfigError, Settings, load_settings

PASSWORD = "Correct-Horse-7"  # noqa: S105 - of accounts that the tour makes, and shows
STAFF = "demo-moderator"
TIMEOUT_SECONDS = 15.0
MAIL_SECONDS = 20.0
MAX_WAIT_SECONDS = 120
"""The longest that a limit is waited for."""
MAX_LINES = 12
"""Lines of a body that are shown."""
TOKENS = {"access_token", "refresh_token", "token"}
TOKEN_CHARACTERS = 10
BOLD, DIM, CYAN, GREEN, YELLOW, RED = "1", "2", "36", "32", "33", "31"


class TourEnded(Exception):
    """Why the tour does not go on, in a sentence that says what to do."""


@dataclass
class Screen:
    """Writes calls and answers, in colour where `colours` says so."""

    out: TextIO
    colours: bool

    def say(self, text: str = "") -> None:
        """A line."""
        self.out.write(f"{text}\n")
        self.out.flush()

    def paint(self, text: str, *codes: str) -> str:
        """The text in a colour."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.colours else text

    def heading(self, text: str) -> None:
        """What comes next."""
        self.say()
        self.say(self.paint(f"# {text}", BOLD, CYAN))

    def call(self, method: str, path: str, who: str, body: object) -> None:
        """A request."""
        self.say(f"{self.paint(method, BOLD)} {self.paint(path, BOLD)}{f'  as {who}' if who else ''}")
        self.body(body)

    def answer(self, status: int, reason: str, body: object) -> None:
        """A response."""
        colour = GREEN if status < 300 else YELLOW if status < 500 else RED  # noqa: PLR2004 - classes of statuses
        self.say(self.paint(f"-> {status} {reason}".rstrip(), colour))
        # What was refused says why, to the end.
        self.body(body, MAX_LINES if status < 300 else MAX_LINES * 10)  # noqa: PLR2004 - good answers

    def body(self, body: object, most: int = MAX_LINES) -> None:
        """JSON, cut where it is long; tokens are shown in part."""
        if body is None:
            return
        lines = json.dumps(shortened(body), indent=2, ensure_ascii=False).splitlines()
        if len(lines) > most:
            lines = [*lines[:most], f"... {len(lines) - most} more lines"]
        for line in lines:
            self.say(self.paint(f"   {printable(line)}", DIM))


def shortened(body: object) -> object:
    """The same, with the beginnings of tokens alone."""
    if isinstance(body, Mapping):
        return {
            key: f"{value[:TOKEN_CHARACTERS]}..." if key in TOKENS else shortened(value)
            for key, value in body.items()
        }
    return [shortened(one) for one in body] if isinstance(body, list) else body


def printable(line: str) -> str:
    """A line without characters by which a text could steer the terminal."""
    return "".join(one if one.isprintable() else "?" for one in line)


@dataclass
class Person:
    """Who calls."""

    name: str
    token: str = ""
    id: int = 0


@dataclass
class Tour:
    """The main job, call by call. `outbox` is the folder with the mails of the server."""

    base: str
    outbox: Path
    screen: Screen
    category_id: int = 0
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS)
    )

    def run(self) -> None:
        """All of it. Raises TourEnded."""
        self.find_server()
        name = f"tour-{secrets.token_hex(3)}"
        screen = self.screen
        screen.heading("Staff: the demo's moderator logs in, to approve the performer later")
        staff = self.log_in_staff()
        screen.heading("A customer signs up, and confirms the address with the token from the mail")
        customer = self.sign_up(f"{name}-customer", "Carla", "Ruiz")
        screen.heading("A performer does so too, and says what is offered, and where")
        performer = self.sign_up(f"{name}-performer", "Pavel", "Novak")
        performer_id = self.become_performer(performer)
        screen.heading("Staff approves the performer")
        decision = {"ids": [performer_id], "status": "approved", "reason": "Papers seen on the tour"}
        self.call("POST", "/admin/performers/status", staff, decision)
        screen.heading("The performer offers a service, and is found")
        service_id = self.offer(performer)
        self.open_hours(performer)
        self.call("GET", f"/performers/{performer_id}")
        screen.heading("The customer books; the same Idempotency-Key again would book nothing twice")
        order_id = self.book(customer, service_id)
        self.call("POST", f"/orders/{order_id}/accept", performer)
        screen.heading("Both talk about it")
        self.talk(customer, performer, order_id)
        screen.heading("The work is done")
        for step, who in (("start", performer), ("deliver", performer), ("complete", customer)):
            self.call("POST", f"/orders/{order_id}/{step}", who)
        screen.heading("Both review each other; what they wrote is shown once both have written")
        self.call(
            "POST", f"/orders/{order_id}/review", customer, {"rating": 5, "text": "On time, and careful."}
        )
        self.call(
            "POST", f"/orders/{order_id}/review", performer, {"rating": 5, "text": "Everything was prepared."}
        )
        self.call("GET", f"/performers/{performer_id}/reviews")
        self.call("GET", f"/orders/{order_id}/history", customer)
        screen.say()
        screen.say(screen.paint("That was the main job.", BOLD, GREEN))
        screen.say(
            f"See {self.base}/api/docs. Log in as {customer.name} or {performer.name}, with {PASSWORD}."
        )

    def find_server(self) -> None:
        """Raises TourEnded when none answers, or another program does."""
        try:
            answer = self.http.request("GET", f"{self.base}/health/ready")
        except HTTPError:
            raise TourEnded(
                f"No server answers at {self.base}: start it with `make run` in another terminal,"
                " or set HOST and PORT."
            ) from None
        body = parsed(answer.data)
        if not isinstance(body, dict) or "status" not in body:
            raise TourEnded(f"At {self.base} another program answers: set HOST and PORT as for `make run`.")
        if body["status"] != "ready":
            raise TourEnded(f"The server at {self.base} is not ready: `flask doctor` says why.")

    def log_in_staff(self) -> Person:
        """The moderator of the demo. Raises TourEnded when there is none."""
        body = {"login": STAFF, "password": DEMO_PASSWORD}
        status, found = self.ask("POST", "/user/login", None, body)
        if status == 200:  # noqa: PLR2004 - OK
            return Person(STAFF, found["access_token"])
        if found.get("code") == "invalid_credentials":
            raise TourEnded(
                f"A performer is approved by staff, and there is no {STAFF} with the demo's password:"
                " run `make demo` first."
            )
        raise TourEnded(f"{STAFF} cannot log in: {found.get('detail') or found.get('title')}")

    def sign_up(self, username: str, first_name: str, last_name: str) -> Person:
        """A new user with a confirmed address."""
        address = f"{username}@example.org"
        body = {"username": username, "email": address, "password": PASSWORD}
        made = self.call(
            "POST", "/user/sign-up", None, body | {"first_name": first_name, "last_name": last_name}
        )
        person = Person(username, made["tokens"]["access_token"], made["user"]["id"])
        self.call("POST", "/user/email/verify", person, {"token": self.token_mailed_to(address)})
        return person

    def token_mailed_to(self, address: str) -> str:
        """The token of the first mail to an address. Raises TourEnded when none comes."""
        deadline = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < deadline:
            for path in sorted(self.outbox.glob("*.json"), reverse=True)[:20]:
                message = parsed(path.read_bytes()) if path.exists() else None
                if isinstance(message, dict) and message.get("to") == address:
                    return str(message["data"]["token"])
            time.sleep(0.2)
        raise TourEnded(
            f"No mail to {address} came into {self.outbox}. Run the tour with the server's INSTANCE_PATH."
            " Mails are there if the server has no SMTP_URL, and WORKER_INSIDE=true or a `flask worker`."
        )

    def become_performer(self, performer: Person) -> int:
        """The id of the new profile, which waits for staff."""
        city = self.call("GET", "/cities?q=berlin&limit=1")["items"][0]
        tree = self.call("GET", "/categories")["items"]
        category = next(leaf for branch in tree for leaf in branch["children"] or [branch])
        made = self.call(
            "POST",
            "/performers",
            performer,
            {
                "city_id": city["id"],
                "category_ids": [category["id"]],
                "headline": "Careful and on time",
                "about": "Twenty years of practice.",
                "address": {"line1": "Marienplatz 1"},
                "timezone": city["timezone"],
            },
        )
        self.category_id = category["id"]
        return int(made["id"])

    def offer(self, performer: Person) -> int:
        """The id of a new service."""
        service = {
            "category_id": self.category_id,
            "title": "A first visit",
            "description": "One hour, with advice",
            "pricing": "fixed",
            "price": {"amount": 6500, "currency": "EUR"},
            "duration_minutes": 60,
            "is_active": True,
        }
        return int(self.call("POST", "/services", performer, service)["id"])

    def open_hours(self, performer: Person) -> None:
        """Working hours round the clock, so that the tour can be taken at any time."""
        weekly = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(7)]
        self.call("PUT", "/performers/me/schedule", performer, {"weekly": weekly}, {"If-Match": "*"})

    def book(self, customer: Person, service_id: int) -> int:
        """The id of a new order, which begins so soon that the performer may start it at once."""
        starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
        booking = {
            "service_id": service_id,
            "starts_at": starts_at.isoformat(),
            "address": {"line1": "Leopoldstrasse 5"},
            "note": "Please ring twice",
        }
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        return int(self.call("POST", "/orders", customer, booking, headers)["id"])

    def talk(self, customer: Person, performer: Person, order_id: int) -> None:
        """A message each, in the chat of the order."""
        chat_id = self.call("POST", "/chats", customer, {"order_id": order_id})["id"]
        for who, text in ((customer, "When do you come?"), (performer, "In ten minutes.")):
            message = {"client_id": str(uuid4()), "text": text}
            self.call("POST", f"/chats/{chat_id}/messages", who, message)
        self.call("GET", f"/chats/{chat_id}/messages", customer)

    def call(
        self,
        method: str,
        path: str,
        who: Person | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The body of a good answer. Raises TourEnded at any other."""
        status, found = self.ask(method, path, who, body, headers)
        if status >= 300:  # noqa: PLR2004 - no good answer
            raise TourEnded(f"{method} {path} was refused; the answer above says why.")
        return found

    def ask(
        self,
        method: str,
        path: str,
        who: Person | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and body of the answer; a limit is waited for, as Retry-After says. Raises TourEnded."""
        sent = {"Authorization": f"Bearer {who.token}"} if who else {}
        sent |= dict(headers or {})
        self.screen.call(method, f"/api/v1{path}", who.name if who else "", body)
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            try:
                answer = self.http.request(method, f"{self.base}/api/v1{path}", headers=sent, json=body)
            except HTTPError as error:
                raise TourEnded(f"The server at {self.base} went away: {type(error).__name__}.") from None
            found = parsed(answer.data)
            self.screen.answer(answer.status, answer.reason or "", found)
            seconds = answer.headers.get("Retry-After", "")
            if answer.status not in {429, 503} or not seconds.isdigit():
                return answer.status, found if found is not None else {}
            if time.monotonic() + int(seconds) > deadline:
                raise TourEnded(f"{method} {path} may be tried again in {seconds} s; come back then.")
            self.screen.say(self.screen.paint(f"   waiting {seconds} s, as Retry-After says", YELLOW))
            time.sleep(int(seconds))


def parsed(data: bytes) -> Any:
    """JSON; None where there is none."""
    try:
        return json.loads(data)
    except ValueError:
        return None


def wants_colours(out: TextIO, environ: Mapping[str, str]) -> bool:
    """In a terminal, unless NO_COLOR (no-color.org) or a terminal without them says no."""
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def take(settings: Settings) -> None:
    """The tour, in this terminal. Raises TourEnded."""
    if settings.is_production:
        raise TourEnded("The tour makes accounts and orders: it is for development.")
    screen = Screen(sys.stdout, wants_colours(sys.stdout, os.environ))
    Tour(settings.local_url, settings.instance_path / "outbox", screen).run()


def main() -> int:
    """Exit code."""
    try:
        take(load_settings())
    except (ConfigError, TourEnded) as ended:
        sys.stderr.write(f"{ended}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
