"""The rules of accounts without a database: passwords, tokens, hashes, sessions on fakes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import jwt
import pytest
from hypothesis import given, strategies as st

from marketplace.blueprints.accounts.adapters import ALGORITHM, ArgonHasher, JwtTokens
from marketplace.blueprints.accounts.contracts import SessionRevoked
from marketplace.blueprints.accounts.errors import InvalidRefreshToken
from marketplace.blueprints.accounts.policies import PASSWORD_MAX, REFRESH_GRACE_SECONDS, password_problems
from marketplace.blueprints.accounts.services.sessions import MAX_DEVICE, Device, SessionService
from marketplace.config import Settings
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import Unauthenticated
from marketplace.kernel.identity import Principal
from tests.accounts.fakes import FakeSessions
from tests.fakes.audit import RecordedAudit
from tests.fakes.transactions import FakeUnitOfWork

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path):
    return Settings(secret_key="s" * 40, instance_path=tmp_path, argon2_time_cost=1, argon2_memory_cost=8)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("Sh0rt!a", "Use at least 8 characters."),
        ("A1!" + "a" * (PASSWORD_MAX - 2), "Use at most 128 characters."),
        ("NO-LOWER-1", "Add a lower-case letter."),
        ("no-upper-1", "Add an upper-case letter."),
        ("No-Digits-", "Add a digit."),
        ("NoSpecial1", "Add a special character."),
        ("P@ssw0rd!", "This password is easy to guess; choose another."),
        ("Qwerty-123", "This password is easy to guess; choose another."),
        ("Annabella-1", "This password is easy to guess; choose another."),
    ],
)
def test_each_reason_alone(password, problem):
    assert password_problems(password, "annabella") == [problem]


@pytest.mark.parametrize(
    "password",
    [
        "Correct-Horse-7",
        "Ünïcode straße 7",
        "A1!" + "a" * (PASSWORD_MAX - 3),
        "пароль-Длинный-9",
        "Zebra 1 yak ",
        "Zebra1yakسلام",
        "Zebra1yak津",
    ],
)
def test_what_keeps_the_rule(password):
    assert password_problems(password, "annabella") == []


def test_all_reasons_at_once():
    assert len(password_problems("", "ann")) == 5


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text_has_an_answer(password, username):
    assert isinstance(password_problems(password, username), list)


def test_hashes_are_argon2id_salted_and_whole(settings):
    hasher = ArgonHasher(settings)
    long = "x" * 127
    one, two = hasher.hash(long + "a"), hasher.hash(long + "a")
    assert one.startswith("$argon2id$")
    assert one != two
    assert hasher.verify(one, long + "a")
    assert not hasher.verify(one, long + "b"), "nothing is cut off"
    assert not hasher.needs_rehash(one)
    stronger = ArgonHasher(Settings(secret_key="s", instance_path=settings.instance_path, argon2_time_cost=3))
    assert stronger.needs_rehash(one)


def test_access_tokens_tell_who_and_until_when(settings):
    tokens = JwtTokens(settings)
    token, life = tokens.access(7, 9, START)
    claims = tokens.read_access(token, START + timedelta(seconds=life - 1))
    assert (claims.user_id, claims.session_id, claims.expires_at) == (7, 9, START + timedelta(seconds=life))
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.read_access(token, START + timedelta(seconds=life))
    with pytest.raises(Unauthenticated, match="not valid yet"):
        tokens.read_access(token, START - timedelta(minutes=1))
    assert tokens.access(7, 9, START)[0] != token


@given(st.text(max_size=300))
def test_no_text_is_a_token(text):
    settings = Settings(secret_key="s" * 40, instance_path=None)
    with pytest.raises(Unauthenticated):
        JwtTokens(settings).read_access(text, START)


def test_keys_differ_by_purpose_and_secret(settings):
    tokens, others = (
        JwtTokens(settings),
        JwtTokens(Settings(secret_key="t" * 40, instance_path=settings.instance_path)),
    )
    token, _ = tokens.access(7, 9, START)
    with pytest.raises(Unauthenticated):
        others.read_access(token, START)
    raw = jwt.encode(jwt.decode(token, options={"verify_signature": False}), settings.secret_key, ALGORITHM)
    with pytest.raises(Unauthenticated):
        tokens.read_access(raw, START)
    refresh = tokens.first_refresh(9)
    assert tokens.next_refresh(refresh) == tokens.next_refresh(refresh) != others.next_refresh(refresh)
    assert (tokens.session_of(refresh), tokens.session_of(tokens.next_refresh(refresh))) == (9, 9)
    assert tokens.is_ours(tokens.next_refresh(refresh))
    assert not others.is_ours(refresh)
    assert not tokens.is_ours(refresh.replace("9.", "8.", 1))


@pytest.fixture
def world(settings):
    """The service of sessions around fakes."""
    made = SimpleNamespace(
        uow=FakeUnitOfWork(), clock=FrozenClock(START), sessions=FakeSessions(), audit=RecordedAudit()
    )
    made.service = SessionService(made.uow, made.sessions, JwtTokens(settings), made.audit, made.clock, 3600)
    return made


def test_a_session_keeps_hashes_alone(world):
    tokens = world.service.open(7, Device("x" * 1000, "10.0.0.1"))
    [session] = world.sessions.rows
    assert (len(session.device), session.ip) == (MAX_DEVICE, "10.0.0.1")
    assert tokens.refresh_token.encode() not in session.refresh_hash


def test_a_session_of_an_acting_admin_cannot_be_refreshed(world):
    acting = world.service.act_as(Principal(user_id=1, session_id=1), 7, Device())
    [session] = world.sessions.rows
    assert (session.user_id, session.acting_admin_id) == (7, 1)
    assert session.expires_at == START + timedelta(seconds=acting.expires_in) == START + timedelta(minutes=30)
    token = JwtTokens(Settings(secret_key="s" * 40, instance_path=None)).first_refresh(session.id)
    session.refresh_hash = world.service._tokens.digest(token)
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(token)


@pytest.mark.parametrize(
    ("later", "good"), [(0, True), (REFRESH_GRACE_SECONDS, True), (REFRESH_GRACE_SECONDS + 1, False)]
)
def test_the_grace_of_a_used_refresh_token(world, later, good):
    first = world.service.open(7, Device()).refresh_token
    second = world.service.refresh(first).refresh_token
    world.clock.advance(timedelta(seconds=later))
    if good:
        assert world.service.refresh(first).refresh_token == second
        assert world.service.refresh(second)
        return
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(first)
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(second)
    assert [type(event) for event in world.uow.events] == [SessionRevoked]


@pytest.mark.parametrize("generations", [2, 3, 50])
def test_the_reuse_of_any_old_token_ends_the_session(world, generations):
    """A thief who rotates twice must not outlive the owner's next refresh."""
    stolen = newest = world.service.open(7, Device()).refresh_token
    for _ in range(generations):
        newest = world.service.refresh(newest).refresh_token
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(stolen)  # by its owner
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(newest)  # by the thief
    assert [type(event) for event in world.uow.events] == [SessionRevoked]


@pytest.mark.parametrize(
    "token",
    [
        "1",
        "",
        "1.a.b",
        "0.{s}.{s}",
        "2.{s}.{s}",
        "1.{s}.{s}",
        "01.{s}.{s}",
        "1.{s}.{s}.",
        "9" * 19 + ".{s}.{s}",
    ],
)
def test_guesses_end_no_session(world, token):
    good = world.service.open(7, Device()).refresh_token
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(token.format(s="A" * 43))
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(good[:-1] + ("A" if good[-1] != "A" else "B"))
    assert world.service.refresh(good)


def test_after_a_change_of_the_servers_key_refresh_tokens_work_once(world, settings):
    """Their hash is stored; what ends is only the telling of old tokens from guesses."""
    token = world.service.open(7, Device()).refresh_token
    world.service._tokens = JwtTokens(replace(settings, secret_key="n" * 40))
    following = world.service.refresh(token).refresh_token
    assert world.service.refresh(following)


def test_refresh_prolongs_and_ends(world):
    token = world.service.open(7, Device()).refresh_token
    for _ in range(3):
        world.clock.advance(timedelta(seconds=3599))
        token = world.service.refresh(token).refresh_token
    world.clock.advance(timedelta(seconds=3600))
    with pytest.raises(InvalidRefreshToken):
        world.service.refresh(token)


def test_log_out_is_told_once(world):
    world.service.open(7, Device())
    caller = Principal(user_id=7, session_id=1)
    world.service.logout(caller)
    world.service.logout(caller)
    assert len(world.uow.events) == 1
