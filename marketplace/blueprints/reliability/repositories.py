"""The SQL of performers' figures: one statement counts them for one performer."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, text

from marketplace.blueprints.reliability.contracts import Figures
from marketplace.blueprints.reliability.policies import ANSWER_DUE, COMPLETION_WINDOW, RESPONSE_WINDOW
from marketplace.blueprints.reliability.ports import FiguresRepository, FirstMessage
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.chat import Chat, Message
from marketplace.models.figures import PerformerFigures
from marketplace.models.orders import Order
from marketplace.models.performers import Performer

# The first step out of `pending` says whether an order was answered: by the performer (accepted, declined,
# cancelled), not at all (expired), or whether no answer was needed any longer (the customer or staff
# cancelled). The orders of a series are one request. Cancelled orders say whose fault it was, except those
# of before; of these the history tells.
_RECOMPUTE = text("""
    WITH enquiry AS (
        SELECT min(CASE WHEN step.actor_role = 'performer' THEN step.created_at - o.created_at END) AS took
        FROM "order" o
        JOIN LATERAL (
            SELECT t.transition, t.actor_role, t.created_at FROM order_transition t
            WHERE t.order_id = o.id AND t.from_status = 'pending' AND t.to_status <> 'pending'
            ORDER BY t.id LIMIT 1
        ) step ON step.actor_role = 'performer' OR step.transition = 'expire'
        WHERE o.performer_id = :id AND o.created_at >= :asked_since
        GROUP BY coalesce(-o.series_id, o.id)
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
            count(*) FILTER (WHERE o.status = 'cancelled' AND coalesce(o.fault = 'performer', EXISTS (
                SELECT 1 FROM order_transition t
                WHERE t.order_id = o.id AND t.from_status = 'confirmed' AND t.to_status = 'cancelled'
                    AND t.actor_role = 'performer'
            ))) AS withdrawn
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

_COUNTED = (
    PerformerFigures.asked,
    PerformerFigures.answered,
    PerformerFigures.response_p33,
    PerformerFigures.response_p66,
    PerformerFigures.completed,
    PerformerFigures.withdrawn,
)


class SqlFiguresRepository(SqlRepository, FiguresRepository):
    def lock(self, performer_id: int) -> None:
        self.lock_name(f"performer_figures:{performer_id}")

    def find(self, performer_id: int) -> Figures:
        statement = select(*_COUNTED).where(PerformerFigures.performer_id == performer_id)
        row = self.session.execute(statement).one_or_none()
        return Figures() if row is None else Figures(*row)

    def recompute(self, performer_id: int, now: datetime) -> Figures | None:
        values = {
            "id": performer_id,
            "asked_since": now - RESPONSE_WINDOW,
            "due_before": now - ANSWER_DUE,
            "completed_since": now - COMPLETION_WINDOW,
            "now": now,
        }
        row = self.session.execute(_RECOMPUTE, values).one_or_none()
        return None if row is None else Figures(*row)

    def list_ids(self, after: int, limit: int) -> list[int]:
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

    def find_first_message(self, chat_id: int, sender_id: int, seq: int) -> FirstMessage | None:
        earlier = (
            select(Message.id)
            .where(Message.chat_id == chat_id, Message.seq < seq, Message.sender_id == sender_id)
            .exists()
        )
        statement = select(Chat.performer_id, Chat.customer_id).where(Chat.id == chat_id, ~earlier)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else FirstMessage(row.performer_id, row.customer_id == sender_id)

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The figures of a user, for an export; at most one row."""
        statement = (
            select(*PerformerFigures.__table__.columns)
            .join(Performer, Performer.id == PerformerFigures.performer_id)
            .where(Performer.user_id == user_id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        """Delete the figures of a performer who has left."""
        owned = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        statement = delete(PerformerFigures).where(PerformerFigures.performer_id == owned)
        self.write(statement)
