"""What the tests of moderation share."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

from marketplace.blueprints.moderation.contracts import ChangeView
from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.kernel.changes import Change
from marketplace.models import User
from marketplace.web.runtime import Runtime

Submit = Callable[..., ChangeView]


@pytest.fixture
def submit(runtime: Runtime) -> Submit:
    """A pending change of a user's own name, as `PATCH /user/me` makes it."""

    def make_one(user: User, new: str = "Neu", field: str = "first_name") -> ChangeView:
        change = Change(field, getattr(user, field), new)
        (view,) = runtime.get(Moderation).changes.submit("user", user.id, user.id, [change])
        return view

    return make_one


@pytest.fixture
def statements(context: Connection) -> Callable[[], object]:
    """`with statements() as seen:` counts statements by their first words and table."""

    @contextmanager
    def count() -> Iterator[Counter[str]]:
        seen: Counter[str] = Counter()

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            words = statement.split()
            verb = words[0].upper()
            if verb not in {"SAVEPOINT", "RELEASE", "ROLLBACK"}:
                place = {"INSERT": 2, "UPDATE": 1, "DELETE": 2}.get(verb)
                seen[f"{verb} {words[place]}" if place else verb] += 1

        event.listen(context, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(context, "before_cursor_execute", note)

    return count
