"""Every environment variable of the contract does what it says, or is refused in one line that names it."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from marketplace.config import MIN_SECRET_LENGTH, PROJECT_ROOT, ConfigError, Settings, load_settings

PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "q3VbN8xW0zLr7KpTfYh2MjCs5GdEa1Uo",
    "DATABASE_URL": "postgresql://app:pw@db/market",
    "SMTP_URL": "smtp+starttls://mail",
    "MAIL_FROM": "Market <post@market.org>",
    "INSTANCE_PATH": "/nowhere",
}


@pytest.fixture
def load(tmp_path):
    """`load(PORT="1")`: the settings of a development environment with these variables."""

    def load(**environ: str) -> Settings:
        return load_settings({"INSTANCE_PATH": str(tmp_path / "instance"), **environ})

    return load


def refusal(load, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_an_empty_environment(load, tmp_path):
    settings = load()
    assert settings == Settings(
        secret_key=(tmp_path / "instance" / "secret_key").read_text(),
        instance_path=tmp_path / "instance",
    )
    assert not settings.is_production


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("APP_ENV", "testing", "app_env", "testing"),
        ("APP_ENV", "Development", "app_env", "development"),
        ("SECRET_KEY", "short", "secret_key", "short"),
        ("REDIS_URL", "redis://r:1/2", "redis_url", "redis://r:1/2"),
        ("REDIS_URL", "rediss://r", "redis_url", "rediss://r"),
        ("REDIS_URL", "unix:///r.sock", "redis_url", "unix:///r.sock"),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PORT", "9000", "port", 9000),
        (
            "CORS_ORIGINS",
            "https://a.org, http://b:3000/,",
            "cors_origins",
            ("https://a.org", "http://b:3000"),
        ),
        ("CORS_ORIGINS", "*", "cors_origins", ("*",)),
        ("RATE_LIMIT_ENABLED", "off", "rate_limit_enabled", False),
        ("RATE_LIMIT_DEFAULT", "007 / minute", "rate_limit_default", "7/minute"),
        ("PROXY_HOPS", "2", "proxy_hops", 2),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("SENTRY_DSN", "https://k@s.io/1", "sentry_dsn", "https://k@s.io/1"),
        ("SENTRY_TRACES_SAMPLE_RATE", "0.5", "sentry_traces_sample_rate", 0.5),
        ("SENTRY_TRACES_SAMPLE_RATE", "0", "sentry_traces_sample_rate", 0.0),
        ("SENTRY_SEND_PII", "true", "sentry_send_pii", True),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://o:4318", "otel_endpoint", "http://o:4318"),
        ("DB_POOL_SIZE", "7", "db_pool_size", 7),
        ("DB_MAX_OVERFLOW", "0", "db_max_overflow", 0),
        ("DB_POOL_RECYCLE", "60", "db_pool_recycle", 60),
        ("STORAGE_URL", "s3://bucket/prefix", "storage_url", "s3://bucket/prefix"),
        ("AWS_ACCESS_KEY_ID", "AKIA", "aws_access_key_id", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret", "aws_secret_access_key", "s3cret"),
        ("AWS_REGION", "eu-central-1", "aws_region", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000", "aws_endpoint_url", "http://127.0.0.1:9000"),
        ("SMS_DAILY_PER_ADDRESS", "7", "sms_daily_per_address", 7),
        ("SMS_DAILY_PER_COUNTRY", "70", "sms_daily_per_country", 70),
        ("APP_URL", "https://app.example.org/", "app_url", "https://app.example.org"),
        ("APP_URL", "http://localhost:5173/shop", "app_url", "http://localhost:5173/shop"),
        ("SMTP_URL", "smtps://u:p@m:465", "smtp_url", "smtps://u:p@m:465"),
        ("MAIL_FROM", "A <a@b.org>", "mail_from", "A <a@b.org>"),
        ("SMS_BACKEND", "outbox", "sms_backend", "outbox"),
        ("SMS_FROM", "+15005550006", "sms_from", "+15005550006"),
        ("SMS_FROM", "89045", "sms_from", "89045"),
        ("SMS_FROM", "Market-24 x", "sms_from", "Market-24 x"),
        ("SMS_FROM", "MG" + "0aF" * 10 + "12", "sms_from", "MG" + "0aF" * 10 + "12"),
        ("TWILIO_ACCOUNT_SID", "AC1", "twilio_account_sid", "AC1"),
        ("TWILIO_AUTH_TOKEN", "t", "twilio_auth_token", "t"),
        ("TWILIO_URL", "https://eu.example.org", "twilio_url", "https://eu.example.org"),
        ("WEB_CONCURRENCY", "1", "web_concurrency", 1),
        ("WEB_THREADS", "50", "threads", 50),
        ("GRACEFUL_TIMEOUT", "5", "graceful_timeout", 5),
        ("KEEPALIVE", "620", "keepalive", 620),
        ("HEAD_TIMEOUT", "5", "head_timeout", 5),
        ("BODY_TIMEOUT", "60", "body_timeout", 60),
        ("SEND_TIMEOUT", "60", "send_timeout", 60),
        ("WORKER_INSIDE", "yes", "worker_inside", True),
        ("WORKER_THREADS", "3", "worker_threads", 3),
        ("ORDER_START_EARLY_MINUTES", "0", "order_start_early_minutes", 0),
        ("ORDER_NO_SHOW_MINUTES", "45", "order_no_show_minutes", 45),
        ("FETCH_PORTS", "443, 8443", "fetch_ports", (443, 8443)),
        ("FETCH_PRIVATE", "true", "fetch_private", True),
        ("MARKET_HOURS", "mon 08:00-12:30, TUE 22:00-24:00", "market_hours", ((480, 750), (2760, 2880))),
        ("MARKET_HOURS", "none", "market_hours", ()),
        ("SOCKETS_PER_ADDRESS", "0", "sockets_per_address", None),
        ("SOCKETS_PER_ADDRESS", "500", "sockets_per_address", 500),
        ("SOCKETS_PER_USER", "3", "sockets_per_user", 3),
    ],
)
def test_each_variable(load, name, value, field, expected):
    assert getattr(load(**{name: value}), field) == expected
    assert getattr(load(**{name: f"  {value} "}), field) == expected


def test_an_empty_variable_is_an_absent_one(load):
    names = [
        "PORT",
        "REDIS_URL",
        "CORS_ORIGINS",
        "RATE_LIMIT_ENABLED",
        "LOG_LEVEL",
        "SENTRY_DSN",
        "DATABASE_URL",
    ]
    assert load(**dict.fromkeys(names, " ")) == load()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_database_url_is_for_psycopg2(load, scheme):
    settings = load(DATABASE_URL=f"{scheme}://app@/dev?host=/tmp/pg")
    assert settings.database_url == "postgresql+psycopg2://app@/dev?host=/tmp/pg"


def test_many_processes_need_redis(load):
    assert load(WEB_CONCURRENCY="4", REDIS_URL="redis://r").web_concurrency == 4
    assert refusal(load, WEB_CONCURRENCY="4").startswith("WEB_CONCURRENCY above 1 needs REDIS_URL")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "prod"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("PORT", "-1"),
        ("PORT", "٨٠"),
        ("PORT", "9" * 5000),
        ("DATABASE_URL", "mysql://db"),
        ("DATABASE_URL", "sqlite:///x"),
        ("DATABASE_URL", "postgresql://[::1"),
        ("REDIS_URL", "http://r"),
        ("CORS_ORIGINS", "https://a.org,b.org"),
        ("CORS_ORIGINS", "https://a.org/path"),
        ("CORS_ORIGINS", "https://a.org?x=1"),
        ("CORS_ORIGINS", "a.org"),
        ("CORS_ORIGINS", "https://[::1"),
        ("RATE_LIMIT_ENABLED", "maybe"),
        ("RATE_LIMIT_DEFAULT", "100"),
        ("RATE_LIMIT_DEFAULT", "0/minute"),
        ("RATE_LIMIT_DEFAULT", "5/fortnight"),
        ("RATE_LIMIT_DEFAULT", "-5/minute"),
        ("PROXY_HOPS", "11"),
        ("LOG_LEVEL", "TRACE"),
        ("LOG_FORMAT", "xml"),
        ("SENTRY_DSN", "sentry"),
        ("SENTRY_TRACES_SAMPLE_RATE", "1.1"),
        ("SENTRY_TRACES_SAMPLE_RATE", "nan"),
        ("SENTRY_TRACES_SAMPLE_RATE", "much"),
        ("SENTRY_SEND_PII", "2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("DB_POOL_SIZE", "0"),
        ("DB_MAX_OVERFLOW", "-1"),
        ("DB_POOL_RECYCLE", "never"),
        ("STORAGE_URL", "ftp://x"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000"),
        ("SMS_DAILY_PER_ADDRESS", "0"),
        ("SMS_DAILY_PER_COUNTRY", "many"),
        ("SMTP_URL", "smtp://host:notaport"),
        ("APP_URL", "app.example.org"),
        ("APP_URL", "javascript:alert(1)//x"),
        ("APP_URL", "ftp://app.example.org"),
        ("APP_URL", "https://"),
        ("APP_URL", "https://app.example.org:99999"),
        ("APP_URL", "https://user@app.example.org"),
        ("APP_URL", "https://app.example.org/../x"),
        ("APP_URL", "https://app.example.org/a/./b"),
        ("APP_URL", "https://app.example.org//evil.example"),
        ("APP_URL", "https://app.example.org\\@evil.example"),
        ("APP_URL", "https://app.example.org/?next=x"),
        ("APP_URL", "https://app.example.org/#x"),
        ("APP_URL", "https://app.example.org/%2e%2e"),
        ("APP_URL", "https://app.example.org/a b"),
        ("SMTP_URL", "mail.example.org"),
        ("SMS_BACKEND", "pigeon"),
        ("SMS_FROM", "+49 30 901820"),
        ("SMS_FROM", "+4930901820123456"),
        ("SMS_FROM", "٠٠٤٩٣٠٩٠١٨٢٠"),
        ("SMS_FROM", "MyMarketplace"),
        ("SMS_FROM", "Märkte"),
        ("SMS_FROM", "MG0123" + "4" * 27),
        ("SMS_FROM", "--"),
        ("TWILIO_URL", "ftp://x"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_THREADS", "1"),
        ("GRACEFUL_TIMEOUT", "0"),
        ("WORKER_INSIDE", "perhaps"),
        ("WORKER_THREADS", "65"),
        ("ORDER_START_EARLY_MINUTES", "525601"),
        ("FETCH_PORTS", "443,0"),
        ("FETCH_PORTS", "65536"),
        ("FETCH_PORTS", "443,"),
        ("FETCH_PORTS", "４４３"),
        ("MARKET_HOURS", "mon-sat 09:00-25:00"),
        ("MARKET_HOURS", "mon-sat@18:00-09:00"),
        ("MARKET_HOURS", "sat-mon 09:00-18:00"),
        ("MARKET_HOURS", "weekdays 09:00-18:00"),
        ("MARKET_HOURS", "mon 09:00"),
        ("MARKET_HOURS", "mon ٠٩:00-18:00"),
    ],
)
def test_each_refusal_names_its_variable(load, name, value):
    message = refusal(load, **{name: value})
    assert message.startswith(name)
    assert len(message) < 7000


def test_refusals_do_not_show_passwords(load):
    assert "hunter2" not in refusal(load, DATABASE_URL="mysql://u:hunter2@db")


def test_production_takes_safe_settings():
    settings = load_settings(PRODUCTION)
    assert settings.is_production
    assert settings.log_format == "json"
    assert not Path("/nowhere").exists(), "production writes no key"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "x" * (MIN_SECRET_LENGTH - 1)}, "SECRET_KEY must be set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must be set"),
        ({"CORS_ORIGINS": "https://a.org,*"}, "CORS_ORIGINS must list origins"),
        ({"RATE_LIMIT_ENABLED": "false"}, "RATE_LIMIT_ENABLED must be true"),
        ({"LOG_LEVEL": "DEBUG"}, "LOG_LEVEL must not be DEBUG"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY must be random"),
        ({"SECRET_KEY": "change-me-please" * 4}, "SECRET_KEY must be random"),
        ({"SECRET_KEY": "01" * 15 + "23456"}, "SECRET_KEY must be random"),
        ({"APP_URL": "http://app.market.org"}, "APP_URL must be https"),
        ({"SMTP_URL": ""}, "SMTP_URL must be set"),
        ({"SMTP_URL": "smtp://mail.market.org:587"}, "SMTP_URL must be smtps://"),
        ({"MAIL_FROM": ""}, "MAIL_FROM must be set"),
        ({"MAIL_FROM": "no-reply@mail"}, "MAIL_FROM must be set"),
        ({"MAIL_FROM": "Market <no-reply@market.localhost>"}, "MAIL_FROM must be set"),
        ({"MAIL_FROM": "Market <no-reply@market.example.>"}, "MAIL_FROM must be set"),
        ({"MAIL_FROM": "Market"}, "MAIL_FROM must be set"),
        ({"TWILIO_URL": "http://sms.example.org"}, "TWILIO_URL must be https"),
        ({"FETCH_PRIVATE": "true"}, "FETCH_PRIVATE must be false"),
    ],
)
def test_production_refuses_what_is_unsafe(change, named):
    with pytest.raises(ConfigError, match=f"^refusing to start in production: {named}") as caught:
        load_settings(PRODUCTION | change)
    assert ";" not in str(caught.value), "and names nothing else"


@pytest.mark.parametrize(
    "change",
    [
        {"APP_URL": "https://app.market.org"},
        {"SMTP_URL": "smtps://mail"},
        {"SMTP_URL": "smtp://127.0.0.1"},
        {"SMTP_URL": "smtp://localhost:2525"},
        {"SMTP_URL": "smtp://[::1]"},
        {"MAIL_FROM": "post@market.org"},
        {"SECRET_KEY": "0123456789abcdef0123456789abcde1"},
    ],
)
def test_production_takes_what_is_safe_by_where_it_is(change):
    assert load_settings(PRODUCTION | change).is_production


def test_production_names_everything_at_once():
    with pytest.raises(ConfigError) as caught:
        load_settings(
            {"APP_ENV": "production", "CORS_ORIGINS": "*", "RATE_LIMIT_ENABLED": "0", "LOG_LEVEL": "DEBUG"}
        )
    message = str(caught.value)
    for name in ("SECRET_KEY", "DATABASE_URL", "CORS_ORIGINS", "RATE_LIMIT_ENABLED", "LOG_LEVEL", "SMTP_URL"):
        assert name in message
    assert "\n" not in message


SECRET = """
import sys
import types
package = sys.modules["marketplace"] = types.ModuleType("marketplace")  # without the whole program
package.__path__ = [sys.argv[1]]
from marketplace import config
print(config.load_settings({"INSTANCE_PATH": sys.argv[2]}).secret_key)
"""


def test_the_development_key_is_made_once_in_a_race(tmp_path):
    """Sixteen processes start at once; a key that changed would sign everybody out."""
    command = [
        sys.executable,
        "-I",
        "-c",
        SECRET,
        str(PROJECT_ROOT / "marketplace"),
        str(tmp_path / "i" / "j"),
    ]
    starting = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(16)]
    found = {process.communicate(timeout=60)[0].strip() for process in starting}
    assert len(found) == 1
    assert len(found.pop()) >= MIN_SECRET_LENGTH
    path = tmp_path / "i" / "j" / "secret_key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_an_instance_path_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^INSTANCE_PATH .* cannot be used: "):
        load_settings({"INSTANCE_PATH": str(tmp_path / "file" / "instance")})


def test_every_setting_is_read_from_somewhere():
    """A field that no variable sets is a constant of the program, and is meant to be."""
    constants = {
        "db_pool_timeout",
        "db_connect_timeout",
        "db_statement_timeout_ms",
        "db_lock_timeout_ms",
        "slow_request_seconds",
        "argon2_time_cost",
        "argon2_memory_cost",
        "access_token_seconds",
        "refresh_token_seconds",
        "max_upload_bytes",
        "testing",
    }
    special = {"instance_path", "database_url"}  # tested by name above
    covered = {mark.args[1][i][2] for mark in test_each_variable.pytestmark for i in range(len(mark.args[1]))}
    assert {field.name for field in fields(Settings)} == covered | constants | special


def test_twilio_names_what_it_needs(tmp_path: Path) -> None:
    given = {"INSTANCE_PATH": str(tmp_path), "SMS_BACKEND": "twilio"}
    with pytest.raises(ConfigError, match="TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, SMS_FROM"):
        load_settings(given)
    given |= {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}
    with pytest.raises(ConfigError, match=r"SMS_BACKEND=twilio needs SMS_FROM$"):
        load_settings(given)
    assert load_settings(given | {"SMS_FROM": "Market"}).sms_backend == "twilio"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "AC\N{GREEK SMALL LETTER ALPHA}"),
        ("TWILIO_AUTH_TOKEN", "h\N{GREEK SMALL LETTER ALPHA}nter2"),
        ("TWILIO_URL", "https://"),
    ],
)
def test_twilio_refuses_what_cannot_be_sent(tmp_path: Path, name: str, value: str) -> None:
    given = {"INSTANCE_PATH": str(tmp_path), "SMS_BACKEND": "twilio", "SMS_FROM": "Market"}
    given |= {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", name: value}
    with pytest.raises(ConfigError, match=f"^{name} must ") as caught:
        load_settings(given)
    assert value not in str(caught.value), "it may be a password"
