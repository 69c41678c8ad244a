"""The SQL of performers' figures: one statement counts them anew for one performer."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text

from marketplace.blueprints.performers.figure_ports import Figures
from marketplace.blueprints.performers.policies import ANSWER_DUE, COMPLETION_WINDOW, RESPONSE_WINDOW
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.chat import Chat
from marketplace.models.figures import PerformerFigures
from marketplace.models.orders import Order
from marketplace.models.performers import Performer

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('performer_figures:' || :id, 0))")
# The first step out of `pending` says whether an order was answered: by the performer (accepted, declined,
# cancelled), by nobody (expired), or no longer needed to be (the customer or staff cancelled).
_RECOMPUTE = text("""
    WITH enquiry AS (
        SELECT CASE WHEN step.actor_role = 'performer' THEN step.created_at - o.created_at END AS took
        FROM "order" o
        JOIN LATERAL (
            SELECT t.transition, t.actor_role, t.created_at FROM order_transition t
            WHERE t.order_id = o.id AND t.from_status = 'pending' AND t.to_status <> 'pending'
            ORDER BY t.id LIMIT 1
        ) step ON step.actor_role = 'performer' OR step.transition = 'expire'
        WHERE o.performer_id = :id AND o.created_at >= :asked_since
        UNION ALL
        SELECT answer.created_at - question.created_at
        FROM chat c
        JOIN message question
            ON question.chat_id = c.id AND question.seq = 1 AND question.sender_id = c.customer_id
        LEFT JOIN LATERAL (
            SELECT m.created_at FROM message m
            WHERE m.chat_id = c.id AND m.seq > 1 AND m.sender_id <> c.customer_id
            ORDER BY m.seq LIMIT 1
        ) answer ON true
        WHERE c.performer_id = :id AND c.last_message_at >= :asked_since
            AND question.created_at >= :asked_since
            AND (answer.created_at IS NOT NULL OR question.created_at <= :due_before)
    ), response AS (
        SELECT count(*) AS asked, count(took) AS answered,
            percentile_cont(ARRAY[0.33, 0.66]) WITHIN GROUP (
                ORDER BY greatest(extract(epoch FROM took), 0)::double precision / 60
            ) FILTER (WHERE took IS NOT NULL) AS minutes
        FROM enquiry
    ), completion AS (
        SELECT count(*) FILTER (WHERE o.status = 'completed') AS completed,
            count(*) FILTER (WHERE o.status = 'cancelled' AND EXISTS (
                SELECT 1 FROM order_transition t
                WHERE t.order_id = o.id AND t.from_status = 'confirmed' AND t.to_status = 'cancelled'
                    AND t.actor_role = 'performer'
            )) AS withdrawn
        FROM "order" o
        WHERE o.performer_id = :id AND o.created_at >= :completed_since
            AND o.status IN ('completed', 'cancelled')
    )
    INSERT INTO performer_figures AS f
        (performer_id, asked, answered, response_p33, response_p66, completed, withdrawn, computed_at)
    SELECT p.id, asked, answered, ceil(minutes[1]), ceil(minutes[2]), completed, withdrawn, :now
    FROM performer p, response, completion WHERE p.id = :id
    ON CONFLICT (performer_id) DO UPDATE SET
        asked = excluded.asked, answered = excluded.answered, response_p33 = excluded.response_p33,
        response_p66 = excluded.response_p66, completed = excluded.completed,
        withdrawn = excluded.withdrawn, computed_at = excluded.computed_at
    WHERE (f.asked, f.answered, f.response_p33, f.response_p66, f.completed, f.withdrawn) IS DISTINCT FROM
        (excluded.asked, excluded.answered, excluded.response_p33, excluded.response_p66,
         excluded.completed, excluded.withdrawn)
    RETURNING f.asked, f.answered, f.response_p33, f.response_p66, f.completed, f.withdrawn
    """)


FIGURES: tuple[Any, ...] = (
    func.coalesce(PerformerFigures.asked, 0).label("asked"),
    func.coalesce(PerformerFigures.answered, 0).label("answered"),
    PerformerFigures.response_p33,
    PerformerFigures.response_p66,
    func.coalesce(PerformerFigures.completed, 0).label("completed"),
    func.coalesce(PerformerFigures.withdrawn, 0).label("withdrawn"),
)
"""The columns of `figures_of`; the statement may join the table from outside."""


def figures_of(row: Any) -> Figures:
    """The figures in a row that has `FIGURES` among its columns."""
    return Figures(
        asked=row.asked,
        answered=row.answered,
        response_p33=row.response_p33,
        response_p66=row.response_p66,
        completed=row.completed,
        withdrawn=row.withdrawn,
    )


class SqlFiguresRepository(SqlRepository):
    """How performers answer and finish."""

    def lock(self, performer_id: int) -> None:
        """Until the transaction ends nobody else recomputes them."""
        self.session.execute(_LOCK, {"id": performer_id})

    def find(self, performer_id: int) -> Figures:
        """As they were counted last; all none when they never were."""
        statement = select(*FIGURES).where(PerformerFigures.performer_id == performer_id)
        row = self.session.execute(statement).one_or_none()
        return Figures() if row is None else figures_of(row)

    def recompute(self, performer_id: int, now: datetime) -> Figures | None:
        """Count anew what the performer did lately; None when nothing changed."""
        values = {
            "id": performer_id,
            "asked_since": now - RESPONSE_WINDOW,
            "due_before": now - ANSWER_DUE,
            "completed_since": now - COMPLETION_WINDOW,
            "now": now,
        }
        row = self.session.execute(_RECOMPUTE, values).one_or_none()
        return None if row is None else figures_of(row)

    def list_ids(self, after: int, limit: int) -> list[int]:
        """Performers who have figures, or what they are counted from, by id."""
        counted = (PerformerFigures.performer_id, Order.performer_id, Chat.performer_id)
        statement = (
            select(Performer.id)
            .where(
                Performer.id > after,
                or_(*(select(owner).where(owner == Performer.id).exists() for owner in counted)),
            )
            .order_by(Performer.id)
            .limit(limit)
        )
        return list(self.session.scalars(statement))

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Of a user, for an export; at most one row."""
        statement = (
            select(*PerformerFigures.__table__.columns)
            .join(Performer, Performer.id == PerformerFigures.performer_id)
            .where(Performer.user_id == user_id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        """Remove those of who has left."""
        owned = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        statement = delete(PerformerFigures).where(PerformerFigures.performer_id == owned)
        self.session.execute(statement, execution_options={"synchronize_session": False})
