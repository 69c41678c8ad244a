"""Staff moves, orders and merges categories; old links go on working."""

import pytest
from sqlalchemy import event, select

from marketplace.blueprints.catalog import policies
from marketplace.extensions import db
from marketplace.models import (
    AuditEntry,
    Base,
    Category,
    CategoryAlias,
    ChangeRequest,
    DomainEventRow,
    PerformerCategory,
    Service,
)

ADMIN = "/api/v1/admin/categories"


@pytest.fixture
def staff(make, auth):
    return auth(make.staff())


@pytest.fixture
def create(client, staff):
    """`create("lamps", parent_id=1)`: the id of a new category."""

    def post(slug, status=201, **values):
        body = {"slug": slug, "names": {"en": slug.title()}} | values
        answer = client.post(ADMIN, json=body, headers=staff)
        assert answer.status_code == status, answer.json
        return answer.json["id"] if status == 201 else answer.json

    return post


@pytest.fixture
def patch(client, staff):
    def edit(category_id, **values):
        return client.patch(f"{ADMIN}/{category_id}", json=values, headers=staff | {"If-Match": "*"})

    return edit


@pytest.fixture
def merge(client, staff):
    def post(source_id, into_id):
        return client.post(f"{ADMIN}/{source_id}/merge", json={"into_id": into_id}, headers=staff)

    return post


def level(parent_id=None):
    """(slug, position) of a level, in its order."""
    rows = db.session.execute(
        select(Category.slug, Category.position)
        .where(Category.parent_id.is_not_distinct_from(parent_id))
        .order_by(Category.position, Category.id)
    )
    return [tuple(row) for row in rows]


def numbered(slugs):
    return [(slug, number) for number, slug in enumerate(slugs)]


def last_audit():
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def events(name):
    rows = select(DomainEventRow.payload).where(DomainEventRow.name == name).order_by(DomainEventRow.id)
    return db.session.scalars(rows).all()


# Order


def test_new_ones_are_the_last_unless_they_say_where(create):
    for slug in "abc":
        create(slug)
    create("x", position=1)
    create("y", position=0)
    create("z", position=99)
    assert level() == numbered("yaxbcz")


def test_positions_stay_dense(create, patch, client, staff):
    ids = {slug: create(slug) for slug in "abcde"}
    assert patch(ids["b"], position=3).json["position"] == 3
    assert level() == numbered("acdbe")
    assert patch(ids["e"], position=0).json["position"] == 0
    assert level() == numbered("eacdb")
    assert patch(ids["a"], position=10**6).json["position"] == 4
    assert level() == numbered("ecdba")
    child = create("child", parent_id=ids["c"])
    moved = patch(ids["d"], parent_id=ids["c"])
    assert (moved.json["parent_id"], moved.json["position"]) == (ids["c"], 1)
    assert level() == numbered("ecba")
    assert level(ids["c"]) == numbered(["child", "d"])
    assert patch(child, parent_id=None, position=1).status_code == 200
    assert level() == numbered(["e", "child", "c", "b", "a"])
    assert level(ids["c"]) == numbered("d")
    assert client.delete(f"{ADMIN}/{child}", headers=staff | {"If-Match": "*"}).status_code == 204
    assert level() == numbered("ecba")
    assert events("category.moved") == [
        {"category_id": ids["d"], "parent_id": ids["c"], "previous_parent_id": None},
        {"category_id": child, "parent_id": None, "previous_parent_id": ids["c"]},
    ]


def test_who_made_room_has_a_new_version(create, patch, client, staff):
    first, second = create("a"), create("b")
    tag = client.get(f"{ADMIN}/{first}", headers=staff).headers["ETag"]
    patch(second, position=0)
    stale = client.patch(f"{ADMIN}/{first}", json={"position": 0}, headers=staff | {"If-Match": tag})
    assert stale.status_code == 412


def test_a_level_in_another_order(create, client, staff):
    parent = create("parent")
    ids = [create(slug, parent_id=parent) for slug in "abcd"]
    order = {"parent_id": parent, "ids": [ids[n] for n in (2, 0, 3, 1)]}
    assert client.put(f"{ADMIN}/order", json=order, headers=staff).status_code == 204
    assert level(parent) == numbered("cadb")
    entry = last_audit()
    assert (entry.action, entry.subject_id) == ("category.reordered", parent)
    assert (entry.before, entry.after) == ({"ids": ids}, {"ids": order["ids"]})
    assert client.put(f"{ADMIN}/order", json=order, headers=staff).status_code == 204
    assert events("category.reordered") == [{"parent_id": parent}]
    tree = client.get("/api/v1/categories").json["items"]
    assert [child["slug"] for child in tree[0]["children"]] == list("cadb")


def test_an_order_names_the_whole_level(create, client, staff):
    ids = [create(slug) for slug in "abc"]
    child = create("child", parent_id=ids[0])
    for wrong, missing, unknown in (
        (ids[:2], [ids[2]], []),
        ([*ids, child], [], [child]),
        ([*ids[1:], 10**9], [ids[0]], [10**9]),
    ):
        answer = client.put(f"{ADMIN}/order", json={"parent_id": None, "ids": wrong}, headers=staff)
        assert (answer.status_code, answer.json["code"]) == (409, "siblings_changed")
        assert (answer.json["missing"], answer.json["unknown"]) == (missing, unknown)
    for body in (
        {"parent_id": 10**9, "ids": ids},
        {"parent_id": None, "ids": []},
        {"parent_id": None, "ids": [ids[0], ids[0]]},
        {"parent_id": None, "ids": [str(ids[0])]},
        {"ids": ids},
        {"parent_id": None, "ids": list(range(1, 1002))},
    ):
        assert client.put(f"{ADMIN}/order", json=body, headers=staff).status_code == 422
    assert level() == numbered("abc")


def test_caches_fall_when_the_order_changes(create, client, staff):
    ids = [create(slug) for slug in "ab"]
    assert [item["slug"] for item in client.get("/api/v1/categories").json["items"]] == ["a", "b"]
    client.put(f"{ADMIN}/order", json={"parent_id": None, "ids": ids[::-1]}, headers=staff)
    assert [item["slug"] for item in client.get("/api/v1/categories").json["items"]] == ["b", "a"]


def test_no_deeper_than_the_tree_may_be(create, patch):
    line = [create("l0")]
    for n in range(1, policies.MAX_DEPTH):
        line.append(create(f"l{n}", parent_id=line[-1]))
    assert create("deeper", status=422, parent_id=line[-1])["code"] == "invalid_category"
    top = create("top")
    create("below", parent_id=top)
    # The two levels of `top` fit below the last but two, not below the last but one.
    assert patch(top, parent_id=line[-2]).json["code"] == "invalid_category"
    assert patch(top, parent_id=line[-3]).status_code == 200


def test_roots_and_children_of_staffs_list(create, client, staff):
    root = create("root")
    child = create("child", parent_id=root)

    def ids(query):
        return [item["id"] for item in client.get(f"{ADMIN}?{query}", headers=staff).json["items"]]

    assert ids("is_root=true") == [root]
    assert ids("is_root=false") == [child]
    assert ids(f"parent_id={root}") == [child]


# Slugs


def test_a_renamed_category_is_found_by_both_slugs(create, patch, client):
    lamps = create("lamps", names={"en": "Lamps", "es": "Lámparas"})
    assert patch(lamps, slug="lights").status_code == 200
    for slug in ("lamps", "lights"):
        answer = client.get(f"/api/v1/categories/{slug}", headers={"Accept-Language": "es"})
        assert answer.json == {"id": lamps, "slug": "lights", "name": "Lámparas", "children": []}
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        again = client.get(
            f"/api/v1/categories/{slug}",
            headers={"Accept-Language": "es", "If-None-Match": answer.headers["ETag"]},
        )
        assert again.status_code == 304
    assert create("lamps", status=409)["code"] == "slug_taken"
    assert patch(lamps, slug="lamps").status_code == 200
    assert client.get("/api/v1/categories/lights").json["slug"] == "lamps"
    assert db.session.scalars(select(CategoryAlias.slug)).all() == ["lights"]


def test_the_slug_of_a_deleted_category_is_free(create, client, staff):
    lamps = create("lamps")
    client.delete(f"{ADMIN}/{lamps}", headers=staff | {"If-Match": "*"})
    assert client.get("/api/v1/categories/lamps").status_code == 404
    again = create("lamps")
    assert client.get("/api/v1/categories/lamps").json["id"] == again
    assert db.session.scalars(select(CategoryAlias)).all() == []


@pytest.mark.parametrize("slug", ["no-such", "A", "%00", "a%2Fb", "%FF", "-", "a" * 5000, "%27%20OR%201=1"])
def test_what_is_no_slug_is_not_found(client, create, slug):
    create("a")
    assert client.get(f"/api/v1/categories/{slug}").status_code in {400, 404}


def test_a_hidden_category_is_not_found_by_its_slug(create, patch, client):
    parent = create("parent")
    create("child", parent_id=parent)
    assert client.get("/api/v1/categories/parent").json["children"][0]["slug"] == "child"
    patch(parent, is_active=False)
    assert client.get("/api/v1/categories/parent").status_code == 404
    assert client.get("/api/v1/categories/child").status_code == 404


# Merge


def test_all_that_refers_to_a_category_goes_over(create, merge, make, client):
    home = create("home")
    source, target = create("plumbing", parent_id=home), create("pipes", parent_id=home)
    last = create("zinc", parent_id=home)
    children = [create(slug, parent_id=source) for slug in ("taps", "drains")]
    create("sinks", parent_id=target)
    both = make.performer(categories=[db.session.get(Category, n) for n in (source, target)])
    one = make.performer(categories=[db.session.get(Category, source)])
    service, other = make.service(one, category_id=source), make.service(both, category_id=target)
    deleted = make.service(one, category_id=source, is_active=False)

    def request(status, old, new):
        row = ChangeRequest(
            subject_type="performer",
            subject_id=one.id,
            requested_by=one.user_id,
            field_name="category_ids",
            old_value=old,
            new_value=new,
            status=status,
        )
        db.session.add(row)
        db.session.commit()
        return row.id

    pending = request("pending", [source], [source, target, last])
    decided = request("approved", [source], [source])
    assert len(client.get("/api/v1/categories").json["items"][0]["children"]) == 3

    answer = merge(source, target)
    assert answer.status_code == 200, answer.json
    moved = {"services": 2, "performers": 2, "change_requests": 1, "children": 2}
    assert answer.json["moved"] == moved
    assert (answer.json["category"]["id"], answer.json["category"]["position"]) == (target, 0)
    db.session.expire_all()

    assert level(home) == numbered(["pipes", "zinc"])
    assert level(target) == numbered(["sinks", "taps", "drains"])
    assert {row.category_id for row in (service, other, deleted)} == {target}
    links = select(PerformerCategory.performer_id, PerformerCategory.category_id)
    assert sorted(map(tuple, db.session.execute(links))) == sorted([(both.id, target), (one.id, target)])
    assert db.session.get(ChangeRequest, pending).new_value == [target, last]
    assert db.session.get(ChangeRequest, pending).old_value == [target]
    assert db.session.get(ChangeRequest, decided).new_value == [source]

    found = client.get("/api/v1/categories/plumbing").json
    assert (found["id"], found["slug"]) == (target, "pipes")
    branch = client.get("/api/v1/categories").json["items"][0]["children"]
    assert [item["slug"] for item in branch] == ["pipes", "zinc"]
    assert client.get(f"/api/v1/services/{service.id}").json["category_id"] == target
    listed = client.get(f"/api/v1/performers?category_id={target}").json["items"]
    assert {item["id"] for item in listed} == {one.id, both.id}

    entry = last_audit()
    assert (entry.action, entry.subject_id) == ("category.merged", source)
    assert entry.before["slug"] == "plumbing"
    assert entry.after == {"into_id": target, "moved": moved}
    assert events("category.merged") == [{"source_id": source, "target_id": target}]
    assert {child["id"] for child in branch[0]["children"]} >= set(children)


def test_a_slug_leads_on_through_every_merge(create, merge, patch, client):
    a, b, c = (create(slug) for slug in "abc")
    patch(a, slug="a2")
    merge(a, b)
    merge(b, c)
    for slug in ("a", "a2", "b", "c"):
        assert client.get(f"/api/v1/categories/{slug}").json["id"] == c
    assert level() == numbered("c")


def test_lists_know_an_id_through_every_merge(create, merge, make, client, assert_queries):
    a, b, c = (create(slug) for slug in "abc")
    of_a = make.performer(categories=[db.session.get(Category, a)])
    of_c = make.performer(categories=[db.session.get(Category, c)])
    services = [make.service(of_a, category_id=a), make.service(of_c, category_id=c)]
    merge(a, b)
    merge(b, c)
    for former in (a, b, c):
        found = client.get(f"/api/v1/performers?category_id={former}").json
        assert {item["id"] for item in found["items"]} == {of_a.id, of_c.id}
        listed = client.get(f"/api/v1/services?category_id={former}").json["items"]
        assert {item["id"] for item in listed} == {service.id for service in services}
        counted = client.get(f"/api/v1/performers/facets?category_id={former}").json["cities"]
        assert {city["id"]: city["count"] for city in counted} == {of_a.city_id: 1, of_c.city_id: 1}
        for path in ("performers", "services"):
            first = client.get(f"/api/v1/{path}?category_id={former}&limit=1").json
            second = client.get(
                f"/api/v1/{path}", query_string={"category_id": former, "limit": 1, "after": first["next"]}
            ).json
            assert len({item["id"] for item in first["items"] + second["items"]}) == 2
        numbered_page = client.get(f"/api/v1/performers?category_id={former}&page=2&limit=1").json
        assert len(numbered_page["items"]) == 1
    assert client.get(f"/api/v1/performers?category_id={c + 1}").json["items"] == []
    with assert_queries(1):
        client.get(f"/api/v1/performers?category_id={c}&sort=price")


def test_a_pending_change_can_be_approved_after_a_merge(create, merge, make, auth, client, staff):
    source, target, other = (create(slug) for slug in ("a", "b", "c"))
    user = make.user()
    performer = make.performer(user, categories=[db.session.get(Category, other)])
    wish = {"category_ids": [source, other]}
    mine = auth(user) | {"If-Match": "*"}
    (change,) = client.patch("/api/v1/performers/me", json=wish, headers=mine).json["pending_changes"]
    assert merge(source, target).json["moved"]["change_requests"] == 1
    approved = client.post(f"/api/v1/admin/changes/{change['id']}/approve", headers=staff)
    assert approved.status_code == 200, approved.json
    found = client.get(f"/api/v1/performers/{performer.id}").json["categories"]
    assert {item["id"] for item in found} == {target, other}


def test_merges_that_cannot_be(create, merge, patch, client):
    a = create("a")
    child = create("child", parent_id=a)
    hidden = create("hidden", is_active=False)
    for into in (a, child, hidden, 10**9):
        answer = merge(a, into)
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_category"), answer.json
        assert list(answer.json["errors"]["json"]) == ["into_id"]
    for into in (0, -1, "1", None, 2**63):
        assert merge(a, into).status_code == 422
    assert merge(10**9, a).status_code == 404
    patch(a, is_active=False)
    assert merge(a, hidden).status_code == 200


def test_a_merge_keeps_the_depth(create, merge):
    line = [create("l0")]
    for n in range(1, policies.MAX_DEPTH):
        line.append(create(f"l{n}", parent_id=line[-1]))
    top = create("top")
    create("below", parent_id=top)
    assert merge(top, line[-1]).status_code == 422
    assert merge(top, line[-2]).status_code == 200


def test_a_retry_of_a_merge_gets_the_same_answer(create, client, staff):
    a, b = create("a"), create("b")
    headers = staff | {"Idempotency-Key": "once"}
    first, again = (client.post(f"{ADMIN}/{a}/merge", json={"into_id": b}, headers=headers) for _ in range(2))
    assert (again.status_code, again.data) == (first.status_code, first.data) == (200, first.data)


def test_a_merge_costs_the_same_whatever_refers_to_the_category(create, merge, make, context):
    target = create("target")
    counts = []
    for rows in (1, 6, 40):
        source = create(f"source-{rows}")
        for _ in range(rows):
            performer = make.performer(categories=[db.session.get(Category, source)])
            make.service(performer, category_id=source)
            create(f"child-{performer.id}", parent_id=source)
        seen = []

        def note(_c, _cursor, statement, *_, seen=seen):
            seen.append(statement)

        event.listen(context, "before_cursor_execute", note)
        assert merge(source, target).json["moved"]["services"] == rows
        event.remove(context, "before_cursor_execute", note)
        counts.append(len(seen))
    assert len(set(counts)) == 1


def test_every_reference_to_categories_is_one_that_a_merge_knows():
    """A new table that refers to categories has to say what a merge does with it."""
    known = {
        "category": "children",
        "category_alias": "former slugs",
        "category_merger": "former ids",
        "performer_category": "performers",
        "service": "services",
    }
    found = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "category"
    }
    assert found == set(known)
    assert Service.__table__.name in found
