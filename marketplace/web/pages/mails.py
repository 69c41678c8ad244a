"""`/dev/mails`: the mails and text messages of the outbox folder, for who develops on this machine."""

import ipaddress
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, render_template, request

from marketplace.web.observability.metrics import asked_from_inside
from marketplace.web.pages.contributions import TokenCall
from marketplace.web.pages.serving import asset_address, page_view
from marketplace.web.runtime import runtime
from marketplace.web.security import PAGE_POLICY

PATH = "/dev/mails"
SHOWN = 50
MAX_CHARACTERS = 20_000
"""Of one message; longer ones are cut."""
_LINK = re.compile(r"(https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]»])")


@dataclass(frozen=True)
class Shown:
    """A message as the page shows it; `parts` are pieces of its text, and whether each is a link."""

    channel: str
    to: str
    topic: str
    at: str
    title: str
    parts: list[tuple[str, bool]]
    command: str


def mails_view(calls: Sequence[TokenCall]) -> Callable[[], Response]:
    """The view of the page; `calls` take the tokens of messages."""
    by_topic = {call.name: call for call in calls}

    @page_view
    def mails() -> Response:
        return _mails(by_topic)

    return mails


def _mails(calls: Mapping[str, TokenCall]) -> Response:
    """The page, made anew each time. It holds tokens: it is kept by nobody, and shown on this machine and its
    private network only, under no name that somebody else could have given it (DNS rebinding).
    """
    if not asked_from_inside() or not _is_own_name(request.host):
        abort(404)
    found = runtime().outside.outbox.newest(SHOWN)
    page = render_template(
        "mails.html",
        messages=[_shown(message, calls) for message in found],
        limit=SHOWN,
        elsewhere=runtime().settings.smtp_url is not None,
        asset=asset_address,
        here=PATH,
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _is_own_name(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _shown(message: dict[str, Any], calls: Mapping[str, TokenCall]) -> Shown:
    topic, data = str(message.get("topic", "")), message.get("data")
    return Shown(
        channel="Text message" if message.get("channel") == "sms" else "Mail",
        to=str(message.get("to", "")),
        topic=topic,
        at=str(message.get("created_at", ""))[:19].replace("T", " "),
        title=str(message.get("subject") or "Text message"),
        parts=split_links(str(message.get("text", ""))[:MAX_CHARACTERS].strip()),
        command=_command(calls.get(topic), data) if isinstance(data, dict) else "",
    )


def split_links(text: str) -> list[tuple[str, bool]]:
    """The pieces of `text`, and whether each is a web address; no other kind of address is taken for one."""
    return [(part, number % 2 == 1) for number, part in enumerate(_LINK.split(text)) if part]


def _command(call: TokenCall | None, data: dict[str, Any]) -> str:
    """A line for a shell that uses the token."""
    token = data.get("token")
    if call is None or not isinstance(token, str):
        return ""
    body = shlex.quote(json.dumps({"token": token, **call.body}))
    address = f"{runtime().settings.local_url}/api/v1{call.path}"
    return f"curl -X POST {address} -H 'Content-Type: application/json' -d {body}"
