"""Writes the guide "The life of an order" and its diagram from the tables of orders.

    python -m scripts.order_guide

A test compares the files with what this makes.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from textwrap import fill
from xml.sax.saxutils import escape

from marketplace.blueprints.orders.policies.life import (
    FINAL,
    TIMERS,
    TRANSITIONS,
    OrderRole,
    OrderStatus,
    Timer,
    Transition,
    TransitionName,
)

PAGES = Path(__file__).resolve().parent.parent / "marketplace" / "web" / "pages"
GUIDE = PAGES / "guides" / "orders.md"
DIAGRAM = PAGES / "static" / "orders.svg"

S = OrderStatus
PLACES: dict[OrderStatus, tuple[int, int]] = {
    S.PENDING: (0, 1),
    S.CONFIRMED: (1, 1),
    S.IN_PROGRESS: (2, 1),
    S.DELIVERED: (3, 1),
    S.COMPLETED: (4, 1),
    S.DECLINED: (0, 0),
    S.EXPIRED: (0, 2),
    S.CANCELLED: (1, 2),
    S.DISPUTED: (2, 0),
    S.CHANGES_REQUESTED: (3, 2),
}
"""Where each status stands in the diagram: column and row."""
COLUMN, ROW, WIDTH, HEIGHT = 225, 130, 132, 40
"""Pixels from one place to the next, and the size of a box."""
LABEL = 0.65
"""Where on a slanting way its name stands: past the middle, where long ways cross."""
BACK = 0.4
"""Where on one that leads back too."""

_TEXT = """\
# The life of an order

Each status with the steps that lead from it, who may take them, and what happens by itself. In the diagram,
steps after a slash lead back.

<!-- Made by `python -m scripts.order_guide` from the tables of orders. -->

![{alt}](../static/orders.svg)

`POST /orders/{{order_id}}/...` takes a step; its name is the last part of the address, with hyphens. An order
tells in `allowed_transitions` what its reader may do just now: offer that, and nothing else. A step that the
status does not allow is 409 `transition_not_allowed`, one of another role 403 `wrong_party`. Each step is an
entry in the order's history, an event, a notification to the other side, and `order:updated` on the sockets
of both.

`make run` serves, `make demo` adds a market with log-ins. In a shell:

```sh
API=http://127.0.0.1:8000/api/v1 JSON='Content-Type: application/json'
field() {{ python3 -c "import json, sys; a = json.load(sys.stdin)
try: print(a$1)
except LookupError: sys.exit(json.dumps(a))"; }}
login() {{
  BODY="{{\\"login\\": \\"demo-$1\\", \\"password\\": \\"Demo-Market-1\\"}}"
  curl -sS $API/user/login -H "$JSON" -d "$BODY" | field '["access_token"]'
}}
curl -sS "$API/orders?limit=5" -H "Authorization: Bearer $(login performer)"
```

## Steps

| Step | From | To | Who | Event |
| --- | --- | --- | --- | --- |
{steps}

{notes}

{final} are final: no step leads from there.

## By itself

| Status | When | What happens |
| --- | --- | --- |
{timers}

Whatever leaves the status stops what was to happen in it: a dispute, a cancellation, or another start that
both agree on, which makes it all anew. A dispute that is withdrawn gives the status back the time that it had
left: an order that was delivered a day before the dispute completes a day after its end. A reminder whose
time has passed when the status begins is left out. From its expiry on nobody can take a step of an order,
even if its `status` follows a moment later.
"""


def guide() -> str:
    """The Markdown of the guide."""
    parts = {
        "alt": "Diagram of the steps: a box for each status, an arrow for each step; the tables say the same",
        "steps": "\n".join(_step_row(step) for step in TRANSITIONS.values()),
        "notes": "\n".join(_notes()),
        "final": _listed(f"`{status}`" for status in FINAL),
        "timers": "\n".join(_timer_row(timer) for timer in TIMERS.values()),
    }
    return _TEXT.format(**parts)


def _step_row(step: Transition) -> str:
    sources = _listed(_code(step.sources), "or") if step.sources else ""
    targets = _listed(_code(step.targets), "or") if step.targets else "stays"
    people = [
        "the time" if role is OrderRole.SYSTEM else "an admin" if role is OrderRole.STAFF else role.value
        for role in OrderRole
        if role in step.roles
    ]
    who = _listed(people, "or")
    return f"| `{step.name}` | {sources} | {targets} | {who} | `{step.event.name}` |"


def _notes() -> Iterator[str]:
    for step in TRANSITIONS.values():
        if step.opens_text:
            yield fill(
                f"- `{step.name}` is possible from {step.opens_text}. Earlier it is refused, and"
                " `allowed_from` says from when on it is not.",
                width=110,
                subsequent_indent="  ",
            )
        if step.proposal:
            yield f"- `{step.name}` is agreed on: one party proposes it (`{step.proposal.name}`), and"
            yield "  the other one takes it by sending the same."


def _timer_row(timer: Timer) -> str:
    if timer.step is not None:
        what = f"`{timer.step}`"
    else:
        assert timer.event is not None
        what = f"reminder `{timer.event.name}`"
    return f"| `{timer.status}` | {timer.text} | {what} |"


def _code(chosen: Collection[OrderStatus]) -> list[str]:
    return [f"`{status}`" for status in OrderStatus if status in chosen]


def _listed(words: Iterable[str], last: str = "and") -> str:
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}"


def diagram() -> str:
    """The SVG of the diagram: no script, no style, no font of its own."""
    ways = [
        (source, target, step.name)
        for step in TRANSITIONS.values()
        for source in OrderStatus
        if source in step.sources
        for target in OrderStatus
        if target in step.targets
    ]
    pairs = dict.fromkeys((source, target) for source, target, _ in ways)
    arrows, labels, drawn = [], [], set()
    for source, target in pairs:
        if (target, source) in drawn:
            continue
        drawn.add((source, target))
        there, back = (
            [name for one, other, name in ways if (one, other) == way]
            for way in ((source, target), (target, source))
        )
        arrow, label = _way(source, target, there, back)
        arrows.append(arrow)
        labels.append(label)
    width = COLUMN * max(x for x, _ in PLACES.values()) + WIDTH + 40
    height = ROW * max(y for _, y in PLACES.values()) + HEIGHT + 40
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        f'    width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8"',
        '    orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#4a5568"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
        *arrows,
        *labels,
        *(_box(status) for status in OrderStatus),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _middle(status: OrderStatus) -> tuple[float, float]:
    column, row = PLACES[status]
    return 20 + WIDTH / 2 + column * COLUMN, 20 + HEIGHT / 2 + row * ROW


def _box(status: OrderStatus) -> str:
    x, y = _middle(status)
    final = status in FINAL
    return (
        f'<rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"'
        f' fill="{"#e2e8f0" if final else "#ebf8ff"}" stroke="#2d3748" stroke-width="{2 if final else 1}"/>'
        f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle" fill="#1a202c">{escape(status)}</text>'
    )


def _way(
    source: OrderStatus, target: OrderStatus, there: list[TransitionName], back: list[TransitionName]
) -> tuple[str, str]:
    """The line between two boxes, and its names; after a slash those of the steps back."""
    (x1, y1), (x2, y2) = _middle(source), _middle(target)
    along = (x2 - x1, y2 - y1)
    # From the edge of one box to that of the other.
    part = min(
        (WIDTH / 2) / abs(along[0]) if along[0] else 1.0, (HEIGHT / 2) / abs(along[1]) if along[1] else 1.0
    )
    ends = (x1 + along[0] * part, y1 + along[1] * part, x2 - along[0] * part, y2 - along[1] * part)
    line = '<line x1="{:.0f}" y1="{:.0f}" x2="{:.0f}" y2="{:.0f}"'.format(*ends)
    at = (BACK if back else LABEL) if along[0] and along[1] else 0.45
    x, y = ((1 - at) * start + at * end for start, end in (ends[::2], ends[1::2]))
    text = escape(" / ".join(", ".join(names) for names in (there, back) if names))
    room = 7 * len(text) + 6
    label = (
        f'<rect x="{x - room / 2:.0f}" y="{y - 9:.0f}" width="{room}" height="18" fill="#ffffff"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="#2d3748">{text}</text>'
    )
    markers = 'marker-start="url(#end)" marker-end="url(#end)"' if back else 'marker-end="url(#end)"'
    return f'{line} stroke="#4a5568" {markers}/>', label


def files() -> dict[Path, str]:
    """All files that are made of the tables, with their texts."""
    return {GUIDE: guide(), DIAGRAM: diagram()}


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
