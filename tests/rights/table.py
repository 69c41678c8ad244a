"""The authorisation matrix: who may what, a row for each route ("Who may what" of the promises).

To add a route is to add a `Row`: method and path, a word for each caller in the order of `CALLERS`, what
makes the rows that the request needs, and its body. The words:

- `ok`: the request succeeds (2xx), and what it was to do is done
- `401`, `403`, `404`, ...: it is refused with this status, and nothing is stored
- `403:wrong_party`: likewise, with this code

`foreign` are the words for an object of strangers, for routes whose path names one that has an owner. There
`404` means more: the answer is the same as for an id that no object has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marketplace.testing import PASSWORD
from marketplace.web.blueprint import VERSIONS
from marketplace.web.openapi.docs import SWAGGER_VERSION
from marketplace.web.pages.serving import asset_address
from tests.rights import scenario as s
from tests.rights.scenario import CALLERS, Made, Maker

#             anonymous unverified customer performer moderator admin blocked
PUBLIC = "    ok        ok         ok       ok        ok        ok    ok"
SHOWS_MORE = "ok        ok         ok       ok        ok        ok    401"
SIGNED_IN = " 401       ok         ok       ok        ok        ok    401"
VERIFIED = "  401       403        ok       ok        ok        ok    401"
PERFORMER = " 401       403        403      ok        403       403   401"
STAFF = "     401       403        403      403       ok        ok    401"
ADMIN = "     401       403        403      403       403       ok    401"

# Objects of two parties, and of one owner.
PARTY = "     401       403        ok       ok        404       404   401"
READ_BY_STAFF = "401    403        ok       ok        ok        ok    401"
NOT_OURS = "  401       403        404      404       404       404   401"
STAFF_ALONE = "401      403        404      404       ok        ok    401"
ANOTHERS = "  401       404        404      404       404       404   401"
NO_SERVICE = "401       403        403      404       403       403   401"

ON_STAFF = "401 403 403 403 403:not_on_staff ok 401"
ON_NO_STAFF = "401 403 403 403 403 403:not_on_staff 401"

# Steps of an order: by the customer, the performer, both, one of them and admins; and what strangers get.
BY_CUSTOMER = "401 403 ok              403:wrong_party 403:wrong_party 403:wrong_party 401"
BY_PERFORMER = "401 403 403:wrong_party ok              403:wrong_party 403:wrong_party 401"
BY_PARTIES = "401 403 ok              ok              403:wrong_party 403:wrong_party 401"
BY_PARTIES_AND_ADMIN = "401 403 ok      ok              403:wrong_party ok              401"
BY_CUSTOMER_AND_ADMIN = "401 403 ok     403:wrong_party 403:wrong_party ok              401"
NOT_THEIR_STEP = "401 403 404           404             403:wrong_party 403:wrong_party 401"
STEP_OF_ADMIN = "401 403 404            404             403:wrong_party ok              401"


@dataclass(frozen=True)
class Word:
    """What must come: a status, None for any 2xx, and where it matters the problem's code."""

    status: int | None
    code: str | None = None


def words(line: str) -> Mapping[str, Word]:
    """`line` by caller. Raises ValueError where a caller has no word, or none that is known."""
    found = line.split()
    return {caller: _word(word) for caller, word in zip(CALLERS, found, strict=True)}


def _word(word: str) -> Word:
    if word == "ok":
        return Word(None)
    status, _, code = word.partition(":")
    return Word(int(status), code or None)


Body = Callable[[Made], Any] | dict[str, Any] | None


@dataclass(frozen=True)
class Row:
    """A route, what each caller gets, and how it is asked for.

    `needs` makes rows and gives the ids of the path; `json` is the body, or makes it of what `needs` gave;
    `form` makes a multipart body.
    `case` tells rows of one route apart. `audited` are the callers whose success the audit log tells of;
    left out, staff on all that writes under /admin.
    """

    route: str
    rights: str
    needs: Maker = s.nothing
    json: Body = None
    foreign: str | None = None
    query: Body = None
    case: str = ""
    form: Callable[[], Any] | None = None
    audited: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        words(self.rights)
        words(self.foreign or self.rights)

    @property
    def method(self) -> str:
        return self.route.split()[0]

    @property
    def path(self) -> str:
        return self.route.split()[1]

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The callers whose success must be in the audit log."""
        if self.audited is not None:
            return self.audited
        writes = self.method != "GET" and self.path.startswith("/admin/")
        return ("moderator", "admin") if writes else ()

    def body(self, made: Made) -> Any:
        return self.json(made) if callable(self.json) else self.json

    def parameters(self, made: Made) -> dict[str, Any]:
        return (self.query(made) if callable(self.query) else self.query) or {}

    def __str__(self) -> str:
        return f"{self.route} {self.case}".strip()


EVERYBODY = ("unverified", "customer", "performer", "moderator", "admin")
ADDRESS = {"line1": "Main Street 1"}
STARTS_AT = "2026-05-12T09:00:00Z"
SERIES = {"starts_at": STARTS_AT, "address": ADDRESS, "repeat": "weekly", "count": 2}
REASON = {"reason": "As agreed"}

PAGES = ("changes", "errors", "events", "guides", "operations")
ASSET = dict(zip(("digest", "name"), asset_address("pages.css").split("/")[-2:], strict=True))

OPERATIONS = (
    Row("GET /health", PUBLIC),
    Row("GET /health/ready", PUBLIC),
    Row("GET /metrics", PUBLIC),
    Row("GET /api/docs", PUBLIC),
    Row("GET /", PUBLIC),
    Row("GET /index.md", PUBLIC),
    Row("GET /dev/mails", PUBLIC),
    *(Row(f"GET /api/{version}{twin}", PUBLIC) for version in VERSIONS for twin in ("", ".md")),
    *(Row(f"GET /api/docs/{name}{twin}", PUBLIC) for name in PAGES for twin in ("", ".md")),
    Row("GET /api/docs/guides/{name}", PUBLIC, lambda *_: {"name": "first-order"}),
    Row("GET /api/docs/errors/{name}", PUBLIC, lambda *_: {"name": "not_found"}),
    Row("GET /api/docs/assets/{digest}/{name}", PUBLIC, lambda *_: ASSET),
    Row(f"GET /api/docs/{SWAGGER_VERSION}/{{name}}", PUBLIC, lambda *_: {"name": "swagger-ui.css"}),
    Row("GET /media/{key}", PUBLIC, s.stored_picture),
    # Whoever has the address may read the orders: it is the right.
    Row("GET /feeds/{secret}.ics", PUBLIC, s.feed),
    Row("GET /user/me/feed", SIGNED_IN),
    Row("POST /user/me/feed", SIGNED_IN),
    Row("DELETE /user/me/feed", SIGNED_IN),
    Row("GET /performers/me/feed", PERFORMER),
    Row("POST /performers/me/feed", PERFORMER),
    Row("DELETE /performers/me/feed", PERFORMER),
    # Whoever has the link may open the file: it is the right, as long as the right lasts that it stands for.
    Row("GET /files", PUBLIC, s.certificate("approved"), query=lambda m: {"token": m["public"]}),
    Row(
        "GET /files",
        "404 404 404 404 404 404 404",
        s.certificate("pending"),
        query=lambda m: {"token": m["public"]},
        case="not approved",
    ),
    Row("GET /files", "404 404 404 404 404 404 404", query={"token": "not-ours"}, case="by no link of ours"),
    Row("GET /openapi.json", PUBLIC),
    Row("GET /asyncapi.json", PUBLIC),
    Row("GET /admin/jobs", ADMIN, s.dead_job),
    Row("POST /admin/jobs/{job_id}/retry", ADMIN, s.dead_job),
)

COMING_IN = (
    Row(
        "POST /user/sign-up",
        PUBLIC,
        json={
            "username": "newcomer",
            "email": "newcomer@example.org",
            "password": PASSWORD,
            "first_name": "Nora",
            "last_name": "Lee",
        },
    ),
    Row("POST /user/login", PUBLIC, s.account, lambda m: {"login": m["username"], "password": PASSWORD}),
    Row("POST /user/token/refresh", PUBLIC, s.session, lambda m: {"refresh_token": m["refresh_token"]}),
    Row("POST /user/logout", SIGNED_IN),
    Row("POST /user/otp/send", PUBLIC, json={"phone": "+4930901820", "purpose": "sign_in"}),
    Row(
        "POST /user/otp/verify",
        PUBLIC,
        s.phone_code,
        lambda m: {"phone": "+4930901820", "purpose": "sign_in", "code": m["code"]},
    ),
    Row("POST /user/password/forgot", PUBLIC, s.account, lambda m: {"email": m["email"]}),
    Row(
        "POST /user/password/reset",
        PUBLIC,
        s.one_time_token("reset_password"),
        lambda m: {"token": m["token"], "password": "Another-Horse-8"},
    ),
    Row(
        "POST /user/password/change",
        SIGNED_IN,
        json={"current_password": PASSWORD, "new_password": "Another-Horse-8"},
        audited=EVERYBODY,
    ),
    Row(
        "POST /user/email/verify",
        PUBLIC,
        s.one_time_token("verify_email"),
        lambda m: {"token": m["token"]},
    ),
    Row("GET /user/sessions", SIGNED_IN, s.session),
    Row("DELETE /user/sessions", SIGNED_IN, s.session),
    Row("DELETE /user/sessions/{session_id}", SIGNED_IN, s.session, foreign=ANOTHERS),
)

OWN_ACCOUNT = (
    Row("GET /user/me", SIGNED_IN),
    Row("PATCH /user/me", SIGNED_IN, json={"first_name": "Nora"}),
    Row("PUT /user/me/avatar", SIGNED_IN, form=s.picture),
    Row("DELETE /user/me/avatar", SIGNED_IN),
    Row("POST /user/me/email", SIGNED_IN, json={"email": "moved@example.org"}),
    Row("POST /user/me/email/resend", SIGNED_IN, s.unconfirmed_address),
    Row("POST /user/me/phone", SIGNED_IN, json={"phone": "+4930901821"}),
    Row(
        "POST /user/me/phone/confirm",
        SIGNED_IN,
        s.new_phone_code,
        lambda m: {"phone": "+4930901821", "code": m["code"]},
    ),
    Row("DELETE /user/me/phone", SIGNED_IN, s.phone_of_ones_own),
    Row("POST /user/me/totp", VERIFIED),
    Row("POST /user/me/totp/confirm", VERIFIED, s.begun_factor, lambda m: {"code": m["code"]}),
    Row("POST /user/me/totp/recovery-codes", SIGNED_IN, s.factor),
    Row("DELETE /user/me/totp", SIGNED_IN, s.factor),
    Row("DELETE /user/me", SIGNED_IN, audited=EVERYBODY),
    Row("POST /user/restore", PUBLIC, s.deleted_account, lambda m: {"token": m["token"]}),
    Row("POST /user/me/export", SIGNED_IN, audited=EVERYBODY),
    Row("GET /user/me/export", SIGNED_IN, s.export, foreign=ANOTHERS),
    # Whoever has the link may fetch: it is the right.
    Row("GET /user/export", "ok ok ok ok ok ok 404", s.export, query=lambda m: {"token": m["token"]}),
    Row("GET /user/me/changes", SIGNED_IN, s.change),
    Row("DELETE /user/me/changes/{change_id}", SIGNED_IN, s.change, foreign=ANOTHERS),
)

STAFF_ON_USERS = (
    Row("GET /admin/users", STAFF),
    Row("GET /admin/users/{user_id}", STAFF, s.blocked_user),
    Row("POST /admin/users/{user_id}/block", STAFF, s.user, REASON),
    Row("POST /admin/users/{user_id}/unblock", STAFF, s.blocked_user),
    Row("POST /admin/users/{user_id}/sign-out", STAFF, s.user),
    # Moderators decide on who is not staff, admins on all but themselves.
    Row("POST /admin/users/{user_id}/block", ON_STAFF, s.member_of_staff(), REASON, case="of staff"),
    Row("POST /admin/users/{user_id}/unblock", ON_STAFF, s.member_of_staff(active=False), case="of staff"),
    Row("POST /admin/users/{user_id}/sign-out", ON_STAFF, s.member_of_staff(), case="of staff"),
    Row("POST /admin/users/{user_id}/act-as", ON_NO_STAFF, s.member_of_staff(), case="of staff"),
    Row("POST /admin/users/{user_id}/roles", ADMIN, s.user, {"roles": ["moderator"]}),
    Row("POST /admin/users/{user_id}/act-as", ADMIN, s.user),
)

CATALOG = (
    Row("GET /categories", PUBLIC),
    Row("GET /cities", PUBLIC),
    Row("GET /banners", PUBLIC, s.banner),
    Row("GET /services", SHOWS_MORE),
    Row("GET /services/{service_id}", SHOWS_MORE, s.service),
    Row(
        "GET /services/{service_id}",
        "404 404 404 ok ok ok 401",
        s.hidden_service,
        foreign="404 404 404 404 ok ok 401",
        case="switched off",
    ),
    Row(
        "POST /services",
        PERFORMER,
        s.place,
        lambda m: {
            "category_id": m["category_id"],
            "title": "Mend a lamp",
            "pricing": "fixed",
            "price": {"amount": 5000, "currency": "EUR"},
            "duration_minutes": 60,
        },
    ),
    Row("PATCH /services/{service_id}", PERFORMER, s.service, {"title": "Mend two lamps"}, NO_SERVICE),
    Row("DELETE /services/{service_id}", PERFORMER, s.service, foreign=NO_SERVICE),
    Row("GET /performers/me/services", PERFORMER),
    Row("POST /reports", SIGNED_IN, s.stranger_performer, s.report_body),
    Row("GET /admin/reports", STAFF, s.report),
    Row("POST /admin/reports/{report_id}/close", STAFF, s.report, {"outcome": "upheld", "note": "Hidden"}),
    Row("POST /admin/reports/claim-next", STAFF, s.report),
    Row("POST /admin/reports/{report_id}/claim", STAFF, s.report),
    Row("POST /admin/reports/{report_id}/release", STAFF, s.claimed_report),
    Row("GET /admin/services", STAFF, s.service),
    Row("POST /admin/services/{service_id}/hide", STAFF, s.service, REASON),
    Row("POST /admin/services/{service_id}/restore", STAFF, s.service_hidden_by_staff),
    Row("GET /admin/categories", STAFF),
    Row("GET /admin/categories/{category_id}", STAFF, s.place),
    Row("POST /admin/categories", STAFF, json={"slug": "roofs", "names": {"en": "Roofs"}}),
    Row("PATCH /admin/categories/{category_id}", STAFF, s.place, {"slug": "roofs"}),
    Row("DELETE /admin/categories/{category_id}", STAFF, s.place),
    Row("GET /categories/{slug}", PUBLIC, s.two_categories),
    Row(
        "PUT /admin/categories/order",
        STAFF,
        s.two_categories,
        lambda m: {"parent_id": m["parent_id"], "ids": [m["into_id"], m["category_id"]]},
    ),
    Row(
        "POST /admin/categories/{category_id}/merge",
        STAFF,
        s.two_categories,
        lambda m: {"into_id": m["into_id"]},
    ),
    Row("GET /admin/cities", STAFF),
    Row("GET /admin/cities/{city_id}", STAFF, s.place),
    Row(
        "POST /admin/cities",
        STAFF,
        json={
            "id": 77,
            "name": "Utopia",
            "country_code": "DE",
            "latitude": 1.5,
            "longitude": 2.5,
            "timezone": "Europe/Berlin",
        },
    ),
    Row("PATCH /admin/cities/{city_id}", STAFF, s.place, {"population": 5}),
    Row("DELETE /admin/cities/{city_id}", STAFF, s.place),
    Row("GET /admin/banners", STAFF, s.banner),
    Row("GET /admin/banners/{banner_id}", STAFF, s.banner),
    Row("POST /admin/banners", STAFF, json={"placement": "home", "title": "Summer"}),
    Row("PATCH /admin/banners/{banner_id}", STAFF, s.banner, {"title": "Summer"}),
    Row("DELETE /admin/banners/{banner_id}", STAFF, s.banner),
    Row("PUT /admin/banners/{banner_id}/image", STAFF, s.banner, form=s.picture),
    Row("GET /admin/banners/{banner_id}/stats", STAFF, s.banner),
    Row("POST /banners/{banner_id}/click", PUBLIC, s.banner),
    Row("POST /banners/views", PUBLIC, s.banner, lambda m: {"ids": [m["banner_id"]]}),
)

PERFORMERS = (
    Row(
        "POST /performers",
        "401 403 ok 409:already_performer ok ok 401",
        s.place,
        lambda m: {
            "city_id": m["city_id"],
            "headline": "Roofer",
            "about": "Roofs of all kinds",
            "category_ids": [m["category_id"]],
            "address": ADDRESS,
            "timezone": "Europe/Berlin",
        },
    ),
    Row("GET /performers", SHOWS_MORE),
    Row("GET /performers/suggest", PUBLIC, query={"q": "x"}),
    Row("GET /performers/facets", PUBLIC),
    Row("GET /performers/{performer_id}", SHOWS_MORE, s.performer),
    Row(
        "GET /performers/{performer_id}/slots",
        PUBLIC,
        s.offer,
        query=lambda made: {
            "service_id": made["service_id"],
            "from": "2026-05-05T00:00:00Z",
            "to": "2026-05-06T00:00:00Z",
        },
    ),
    # The same page for everybody, so that it can be cached: staff reads what is not public in its lists.
    Row(
        "GET /performers/{performer_id}",
        "404 404 404 404 404 404 401",
        s.profile("pending"),
        case="not approved",
    ),
    Row("GET /performers/{performer_id}/reviews", SHOWS_MORE, s.review()),
    Row("PUT /performers/{performer_id}/favourite", SIGNED_IN, s.performer),
    Row("DELETE /performers/{performer_id}/favourite", SIGNED_IN, s.performer),
    Row("GET /user/me/favourites", SIGNED_IN, s.favourite),
    Row("GET /performers/me", PERFORMER),
    Row("PATCH /performers/me", PERFORMER, json={"headline": "Roofer", "languages": ["en"]}),
    Row("POST /performers/me/pause", PERFORMER),
    Row("POST /performers/me/resume", PERFORMER, s.own_profile(active=False)),
    Row("POST /performers/me/certificates", PERFORMER, form=s.paper),
    Row("GET /performers/me/certificates", PERFORMER, s.certificate()),
    Row(
        "GET /performers/me/certificates/{certificate_id}",
        PERFORMER,
        s.certificate(),
        foreign=NO_SERVICE,
    ),
    Row(
        "DELETE /performers/me/certificates/{certificate_id}",
        PERFORMER,
        s.certificate(),
        foreign=NO_SERVICE,
    ),
    Row("GET /admin/certificates", STAFF, s.certificate()),
    Row("POST /admin/certificates/{certificate_id}/approve", STAFF, s.certificate()),
    Row("POST /admin/certificates/{certificate_id}/reject", STAFF, s.certificate(), REASON),
    Row("POST /admin/certificates/{certificate_id}/revoke", STAFF, s.certificate("approved"), REASON),
    Row("POST /admin/performers/{performer_id}/verify", STAFF, s.certified),
    Row("GET /performers/me/checklist", PERFORMER),
    Row("GET /performers/me/cancellation-policy", PERFORMER),
    Row("PUT /performers/me/cancellation-policy", PERFORMER, json={"name": "strict"}),
    Row("GET /performers/{performer_id}/cancellation-policy", PUBLIC, s.performer),
    Row("GET /performers/me/schedule", PERFORMER),
    Row(
        "PUT /performers/me/schedule",
        PERFORMER,
        json={"weekly": [{"weekday": 0, "start": "09:00", "end": "24:00"}]},
    ),
    Row("GET /performers/me/exceptions", PERFORMER),
    Row(
        "POST /performers/me/exceptions",
        PERFORMER,
        json={"kind": "available", "starts_at": "2026-05-09T09:00:00Z", "ends_at": "2026-05-09T12:00:00Z"},
    ),
    Row(
        "DELETE /performers/me/exceptions/{exception_id}", PERFORMER, s.schedule_exception, foreign=NO_SERVICE
    ),
    Row("GET /performers/me/vacations", PERFORMER),
    Row(
        "POST /performers/me/vacations", PERFORMER, json={"starts_on": "2026-07-01", "ends_on": "2026-07-14"}
    ),
    Row("DELETE /performers/me/vacations/{vacation_id}", PERFORMER, s.vacation, foreign=NO_SERVICE),
    Row("GET /performers/me/calendars", PERFORMER, s.external_calendar),
    Row(
        "POST /performers/me/calendars",
        PERFORMER,
        json={"url": "https://calendar.invalid/private-7f3a/basic.ics", "name": "Private"},
    ),
    Row("GET /performers/me/calendars/{calendar_id}", PERFORMER, s.external_calendar, foreign=NO_SERVICE),
    Row("DELETE /performers/me/calendars/{calendar_id}", PERFORMER, s.external_calendar, foreign=NO_SERVICE),
    Row(
        "POST /performers/me/calendars/{calendar_id}/refresh",
        PERFORMER,
        s.external_calendar,
        foreign=NO_SERVICE,
    ),
    Row("GET /performers/me/portfolio", PERFORMER),
    Row("POST /performers/me/portfolio", PERFORMER, form=s.picture),
    Row(
        "PUT /performers/me/portfolio/order",
        PERFORMER,
        s.portfolio_image,
        lambda m: {"ids": m["ids"]},
    ),
    Row("GET /performers/me/portfolio/{image_id}", PERFORMER, s.portfolio_image, foreign=NO_SERVICE),
    Row(
        "PATCH /performers/me/portfolio/{image_id}",
        PERFORMER,
        s.portfolio_image,
        {"caption": "A roof"},
        foreign=NO_SERVICE,
    ),
    Row("DELETE /performers/me/portfolio/{image_id}", PERFORMER, s.portfolio_image, foreign=NO_SERVICE),
    Row("GET /admin/performers", STAFF),
    Row("POST /admin/performers/{performer_id}/approve", STAFF, s.profile("pending"), REASON),
    Row("POST /admin/performers/{performer_id}/reject", STAFF, s.profile("pending"), REASON),
    Row("POST /admin/performers/{performer_id}/suspend", STAFF, s.profile("approved"), REASON),
)

ORDERS = (
    # Staff may book as everybody may: what somebody is to an order counts, not what else they are.
    Row(
        "POST /orders",
        "401 403 ok 403:own_service ok ok 401",
        s.service,
        lambda m: {"service_id": m["service_id"], "starts_at": STARTS_AT, "address": ADDRESS},
    ),
    Row(
        "POST /orders",
        "401 403 404 404 404 404 401",
        s.hidden_service,
        lambda m: {"service_id": m["service_id"], "starts_at": STARTS_AT, "address": ADDRESS},
        NOT_OURS,
        case="of a service that is switched off",
    ),
    Row(
        "POST /performers/{performer_id}/holds",
        "401 403 ok 403:own_service ok ok 401",
        s.service,
        lambda m: {"service_id": m["service_id"], "starts_at": STARTS_AT},
    ),
    Row(
        "PUT /performers/{performer_id}/waitlist",
        "401 403 ok 403:own_service ok ok 401",
        s.full_day,
        lambda m: {"date": m["date"], "service_id": m["service_id"]},
    ),
    Row(
        "DELETE /performers/{performer_id}/waitlist",
        SIGNED_IN,
        s.waitlist_entry,
        query=lambda m: {"date": m["date"]},
    ),
    Row("GET /user/me/waitlist", SIGNED_IN, s.waitlist_entry),
    Row("GET /performers/me/waitlist", PERFORMER, s.waitlist_entry),
    Row("DELETE /holds/{hold_id}", "401 403 ok 404 404 404 401", s.hold, foreign=NOT_OURS),
    Row("GET /orders", VERIFIED, s.order()),
    Row("GET /orders/{order_id}", READ_BY_STAFF, s.order(), foreign=STAFF_ALONE),
    Row("GET /orders/{order_id}/history", READ_BY_STAFF, s.order(), foreign=STAFF_ALONE),
    Row("POST /orders/{order_id}/accept", BY_PERFORMER, s.order(), {}, NOT_THEIR_STEP),
    Row("POST /orders/{order_id}/decline", BY_PERFORMER, s.order(), {}, NOT_THEIR_STEP),
    Row(
        "POST /orders/{order_id}/cancel",
        BY_PARTIES_AND_ADMIN,
        s.order("confirmed"),
        REASON,
        STEP_OF_ADMIN,
        audited=("admin",),
    ),
    Row(
        "POST /orders/{order_id}/start",
        BY_PERFORMER,
        s.order("confirmed", starts_at=s.START + timedelta(hours=2)),
        foreign=NOT_THEIR_STEP,
    ),
    Row("GET /orders/{order_id}/cancellation", READ_BY_STAFF, s.order(), foreign=STAFF_ALONE),
    Row("GET /orders/{order_id}/timeline", READ_BY_STAFF, s.order(), foreign=STAFF_ALONE),
    Row(
        "POST /orders/{order_id}/arrive",
        BY_PERFORMER,
        s.order("confirmed", starts_at=s.START + timedelta(hours=2), arrival_code="0417"),
        {"code": "0417"},
        NOT_THEIR_STEP,
    ),
    Row(
        "POST /orders/{order_id}/no-show",
        BY_PARTIES,
        s.order("confirmed", starts_at=s.START - timedelta(minutes=30)),
        {},
        NOT_THEIR_STEP,
    ),
    Row("POST /orders/{order_id}/deliver", BY_PERFORMER, s.order("in_progress"), foreign=NOT_THEIR_STEP),
    Row("POST /orders/{order_id}/request-changes", BY_CUSTOMER, s.order("delivered"), REASON, NOT_THEIR_STEP),
    Row(
        "POST /orders/{order_id}/complete",
        BY_CUSTOMER_AND_ADMIN,
        s.order("delivered"),
        foreign=STEP_OF_ADMIN,
        audited=("admin",),
    ),
    Row(
        "POST /orders/{order_id}/resolve",
        BY_PARTIES_AND_ADMIN,
        s.dispute(decision_due_at=s.START),
        {"outcome": "completed"},
        STEP_OF_ADMIN,
        audited=("admin",),
    ),
    Row(
        "POST /orders/{order_id}/reschedule",
        BY_PARTIES,
        s.order(),
        {"starts_at": STARTS_AT},
        NOT_THEIR_STEP,
    ),
    Row(
        "POST /orders/series",
        "401 403 ok 403:own_service ok ok 401",
        s.service,
        lambda m: SERIES | {"service_id": m["service_id"]},
    ),
    Row(
        "POST /orders/series",
        "401 403 ok 403:own_service ok ok 401",
        s.service,
        lambda m: SERIES | {"service_id": m["service_id"], "preview": True},
        case="as a preview",
    ),
    Row(
        "POST /orders/series",
        "401 403 404 404 404 404 401",
        s.hidden_service,
        lambda m: SERIES | {"service_id": m["service_id"]},
        NOT_OURS,
        case="of a service that is switched off",
    ),
    Row("GET /series/{series_id}", READ_BY_STAFF, s.series(), foreign=STAFF_ALONE),
    Row("POST /series/{series_id}/accept", BY_PERFORMER, s.series(), {}, NOT_THEIR_STEP),
    Row(
        "PATCH /orders/{order_id}",
        BY_PARTIES,
        s.series(),
        {"starts_at": STARTS_AT.replace("T09", "T11")},
        NOT_THEIR_STEP,
        query={"scope": "following"},
    ),
    Row(
        "DELETE /orders/{order_id}",
        BY_PARTIES_AND_ADMIN,
        s.series("confirmed"),
        foreign=STEP_OF_ADMIN,
        query={"scope": "following"},
        audited=("admin",),
    ),
    Row("GET /admin/orders", STAFF, s.order()),
    Row(
        "POST /admin/orders/{order_id}/resolve",
        ADMIN,
        s.dispute(decision_due_at=s.START),
        {"outcome": "cancelled", **REASON},
    ),
    Row(
        "POST /admin/orders/{order_id}/waive",
        ADMIN,
        s.order("cancelled", fault="customer", cancellation_percent=50, cancellation_amount=2500),
        REASON,
    ),
)

ONLY_PARTIES = "401 403 ok          ok     403:only_parties 403:only_parties 401"
NOT_THEIR_DISPUTE = "401 403 404    404    403:only_parties 403:only_parties 401"
DISPUTES = (
    Row("POST /orders/{order_id}/dispute", BY_PARTIES, s.order("delivered"), REASON, NOT_THEIR_STEP),
    Row(
        "POST /orders/{order_id}/withdraw",
        "401 403 ok 409 403:wrong_party 403:wrong_party 401",
        s.dispute(),
        {},
        NOT_THEIR_STEP,
    ),
    Row("POST /orders/{order_id}/escalate", BY_PARTIES, s.dispute(), {}, NOT_THEIR_STEP),
    Row("GET /orders/{order_id}/dispute", READ_BY_STAFF, s.dispute(), foreign=STAFF_ALONE),
    Row("GET /orders/{order_id}/evidence", READ_BY_STAFF, s.dispute(), foreign=STAFF_ALONE),
    Row(
        "POST /orders/{order_id}/evidence", ONLY_PARTIES, s.dispute(), foreign=NOT_THEIR_DISPUTE, form=s.proof
    ),
    Row(
        "DELETE /orders/{order_id}/evidence/{evidence_id}",
        ONLY_PARTIES,
        s.dispute(),
        foreign=NOT_THEIR_DISPUTE,
    ),
    Row("GET /admin/disputes", STAFF, s.dispute()),
    Row("GET /admin/disputes/{dispute_id}", STAFF, s.dispute()),
)

REVIEWS = (
    Row("POST /orders/{order_id}/review", PARTY, s.order("completed"), {"rating": 5}, NOT_OURS),
    Row("GET /orders/{order_id}/reviews", PARTY, s.review(), foreign=NOT_OURS),
    Row(
        "GET /orders/{order_id}/customer-rating",
        PERFORMER,
        s.order("completed"),
        foreign=NO_SERVICE,
    ),
    # A published review is public, so strangers learn nothing from 403.
    Row(
        "POST /reviews/{review_id}/reply",
        "401 403 403:not_reviewed ok 403:not_reviewed 403:not_reviewed 401",
        s.review(),
        {"text": "Thank you"},
        "401 403 403:not_reviewed 403:not_reviewed 403:not_reviewed 403:not_reviewed 401",
    ),
    Row(
        "POST /reviews/{review_id}/reply",
        "401 403 404 404 404 404 401",
        s.review(published_at=None),
        {"text": "Thank you"},
        NOT_OURS,
        case="not published",
    ),
    Row("GET /admin/reviews", STAFF, s.review()),
    Row("POST /admin/reviews/{review_id}/hide", STAFF, s.review(), REASON),
    Row("POST /admin/reviews/{review_id}/restore", STAFF, s.hidden_review),
)

CHATS = (
    Row("GET /chats", VERIFIED, s.chat),
    Row(
        "POST /chats",
        "401 403 ok 403:own_profile ok ok 401",
        s.performer,
        lambda m: {"performer_id": m["performer_id"]},
    ),
    Row("POST /chats", PARTY, s.order(), lambda m: {"order_id": m["order_id"]}, case="of an order"),
    Row("GET /chats/{chat_id}", PARTY, s.chat, foreign=NOT_OURS),
    Row("GET /chats/{chat_id}/messages", PARTY, s.chat, foreign=NOT_OURS),
    Row(
        "POST /chats/{chat_id}/messages",
        PARTY,
        s.chat,
        lambda m: {"client_id": m["client_id"], "text": "Hello"},
        NOT_OURS,
    ),
    Row("POST /chats/{chat_id}/read", PARTY, s.chat, {"up_to_seq": 2}, NOT_OURS),
    Row("GET /admin/chats/{chat_id}/messages", STAFF, s.chat, audited=("moderator", "admin")),
)

NOTIFICATIONS = (
    Row("GET /notifications", SIGNED_IN, s.notification),
    Row("POST /notifications/read", SIGNED_IN, s.notification, lambda m: {"ids": [m["notification_id"]]}),
)

MODERATION = (
    Row("GET /admin/changes", STAFF, s.customers_change),
    Row("GET /admin/stats", STAFF),
    Row("POST /admin/bulk/{operation_id}/undo", STAFF, s.bulk_operation),
    Row("POST /admin/changes/claim-next", STAFF, s.customers_change),
    Row("POST /admin/changes/{change_id}/claim", STAFF, s.customers_change),
    Row("POST /admin/changes/{change_id}/release", STAFF, s.claimed_change),
    Row("POST /admin/changes/{change_id}/approve", STAFF, s.customers_change),
    Row("POST /admin/changes/{change_id}/reject", STAFF, s.customers_change, REASON),
    Row("POST /admin/changes/{change_id}/request-revision", STAFF, s.customers_change, REASON),
    *(
        Row("POST /admin/{kind}/status", STAFF, needs, body, case=kind)
        for kind, needs, body in (
            (
                "users",
                lambda side, caller: {**s.user(side, caller), "kind": "users"},
                lambda m: {"ids": [m["user_id"]], "status": "blocked", **REASON},
            ),
            (
                "services",
                lambda side, caller: {**s.service(side, caller), "kind": "services"},
                lambda m: {"ids": [m["service_id"]], "status": "hidden", **REASON},
            ),
            (
                "performers",
                lambda side, caller: {**s.profile("pending")(side, caller), "kind": "performers"},
                lambda m: {"ids": [m["performer_id"]], "status": "approved"},
            ),
            (
                "reviews",
                lambda side, caller: {**s.review()(side, caller), "kind": "reviews"},
                lambda m: {"ids": [m["review_id"]], "status": "hidden", **REASON},
            ),
            (
                "changes",
                lambda side, caller: {**s.customers_change(side, caller), "kind": "changes"},
                lambda m: {"ids": [m["change_id"]], "status": "approved"},
            ),
        )
    ),
    Row("GET /admin/audit", ADMIN),
)

ROWS = (
    *OPERATIONS,
    *COMING_IN,
    *OWN_ACCOUNT,
    *STAFF_ON_USERS,
    *CATALOG,
    *PERFORMERS,
    *ORDERS,
    *DISPUTES,
    *REVIEWS,
    *CHATS,
    *NOTIFICATIONS,
    *MODERATION,
)
