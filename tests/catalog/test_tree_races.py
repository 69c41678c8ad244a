"""Many members of staff at the tree at once, on real connections: no circle, no gap, no reference lost."""

from collections import Counter

import pytest
from sqlalchemy import func, select, text

from marketplace.extensions import db
from marketplace.models import Category, PerformerCategory, Service, User
from marketplace.testing import Factory
from tests.support.threads import at_once

ADMIN = "/api/v1/admin/categories"


@pytest.fixture
def staff(committed, auth):
    with committed.app_context():
        return auth(Factory().staff())


def tree(app):
    """{id: (parent_id, position)}"""
    with app.app_context():
        rows = db.session.execute(select(Category.id, Category.parent_id, Category.position))
        return {row.id: (row.parent_id, row.position) for row in rows}


def check(found):
    """Each reaches the top, and each level is numbered from 0 without gaps."""
    for category_id in found:
        seen, current = set(), category_id
        while current is not None:
            assert current not in seen, f"a circle at {current}"
            seen.add(current)
            current = found[current][0]
    for parent in {parent for parent, _ in found.values()}:
        positions = sorted(position for other, position in found.values() if other == parent)
        assert positions == list(range(len(positions)))


def test_no_circles_whatever_two_admins_do(committed, staff):
    with committed.app_context():
        ids = [Factory().category(position=n).id for n in range(6)]
    for _ in range(5):

        def move(n):
            # Each below its neighbour: all of them together would be a circle.
            return (
                committed.test_client()
                .patch(
                    f"{ADMIN}/{ids[n]}",
                    json={"parent_id": ids[(n + 1) % len(ids)]},
                    headers=staff | {"If-Match": "*"},
                )
                .status_code
            )

        answers = Counter(at_once(len(ids), move))
        assert answers == {200: len(ids) - 1, 422: 1}
        check(tree(committed))
        with committed.app_context():
            db.session.execute(
                text("UPDATE category SET parent_id = NULL, position = id - :least"), {"least": ids[0]}
            )
            db.session.commit()


def test_moves_orders_creations_and_deletions_at_once(committed, staff):
    with committed.app_context():
        parent = Factory().category(position=0).id
        ids = [Factory().category(parent_id=parent, position=n).id for n in range(8)]

    def act(n):
        client = committed.test_client()
        if n % 4 == 0:
            body = {"slug": f"new-{n}", "names": {"en": "New"}, "parent_id": parent, "position": n % 3}
            return client.post(ADMIN, json=body, headers=staff).status_code
        if n % 4 == 1:
            body = {"position": 0} if n % 8 == 1 else {"parent_id": None}
            headers = staff | {"If-Match": "*"}
            return client.patch(f"{ADMIN}/{ids[n]}", json=body, headers=headers).status_code
        if n % 4 == 2:
            headers = staff | {"If-Match": "*"}
            return client.delete(f"{ADMIN}/{ids[n]}", headers=headers).status_code
        body = {"parent_id": parent, "ids": ids[::-1]}
        return client.put(f"{ADMIN}/order", json=body, headers=staff).status_code

    answers = at_once(8, act)
    assert all(code < 500 for code in answers), answers
    assert answers[2] == answers[6] == 204
    check(tree(committed))


def test_services_offered_while_their_category_is_merged(committed, auth, staff):
    with committed.app_context():
        source, target = (Factory().category(position=n).id for n in range(2))
        performers = [Factory().performer(categories=[]) for _ in range(7)]
        theirs = [auth(db.session.get(User, performer.user_id)) for performer in performers]
    body = {"category_id": source, "title": "A lamp", "pricing": "quote", "duration_minutes": 60}

    def act(n):
        client = committed.test_client()
        if n == 0:
            return client.post(f"{ADMIN}/{source}/merge", json={"into_id": target}, headers=staff).status_code
        return client.post("/api/v1/services", json=body, headers=theirs[n - 1]).status_code

    answers = at_once(8, act)
    assert answers[0] == 200
    assert set(answers[1:]) <= {201, 422}
    with committed.app_context():
        offered = db.session.execute(
            select(Service.category_id, func.count()).group_by(Service.category_id)
        ).all()
        created = answers.count(201)
        assert [tuple(row) for row in offered] == ([(target, created)] if created else [])


def test_two_merges_in_opposite_directions(committed, staff):
    for n in range(5):
        with committed.app_context():
            pair = [Factory().category(position=number).id for number in range(2)]
            performer = Factory().performer(categories=[db.session.get(Category, pair[0])])

        def merge(k, pair=pair):
            return (
                committed.test_client()
                .post(f"{ADMIN}/{pair[k]}/merge", json={"into_id": pair[1 - k]}, headers=staff)
                .status_code
            )

        assert sorted(at_once(2, merge)) in ([200, 404], [200, 422]), n
        found = tree(committed)
        (left,) = found
        with committed.app_context():
            links = db.session.scalars(
                select(PerformerCategory.category_id).where(PerformerCategory.performer_id == performer.id)
            ).all()
            assert links == [left]
            db.session.execute(text("DELETE FROM performer_category"))
            db.session.execute(text("DELETE FROM category"))
            db.session.commit()


def test_a_hundred_thousand_services_in_one_statement(committed, staff):
    with committed.app_context():
        source, target = (Factory().category(position=n).id for n in range(2))
        performer = Factory().performer(categories=[])
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        db.session.execute(
            text(
                """
                INSERT INTO service (performer_id, category_id, title, pricing, duration_minutes)
                SELECT :performer, :category, 'Service ' || n, 'quote', 60 FROM generate_series(1, 100000) AS n
                """
            ),
            {"performer": performer.id, "category": source},
        )
        db.session.commit()
    answer = committed.test_client().post(f"{ADMIN}/{source}/merge", json={"into_id": target}, headers=staff)
    assert answer.get_json()["moved"]["services"] == 100_000
    with committed.app_context():
        counts = select(Service.category_id, func.count()).group_by(Service.category_id)
        assert [tuple(row) for row in db.session.execute(counts)] == [(target, 100_000)]
