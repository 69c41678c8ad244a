"""Typed settings from the environment; the only reader of os.environ."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from marketplace.kernel.environment import ConfigError as ConfigError, Reader, StartError as StartError
from marketplace.kernel.week import Spans, parse_week

PROJECT_ROOT = Path(__file__).resolve().parent.parent
LOCAL_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach what is bound to all addresses
LOCAL_ORIGIN = re.compile(r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?\Z")
"""The origin of a page that a developer serves on this machine, such as http://localhost:5173."""
MIN_SECRET_LENGTH = 32
MIN_SECRET_VARIETY = 8
_SPECIAL_DOMAINS = (".localhost", ".localdomain", ".local", ".internal", ".test", ".invalid", ".example")
PLUGIN_ENTRY_POINTS = "marketplace.plugins"  # where installed packages name their plugins
MARKET_HOURS = "mon-sat@09:00-18:00"
_MARKET_WEEK = parse_week(MARKET_HOURS)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def bracketed(host: str) -> str:
    """A host as it stands before a port (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting; docs/operators.md has the table with their meaning."""

    app_env: str = "development"
    secret_key: str
    instance_path: Path
    database_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    cors_origins: tuple[str, ...] = ()
    rate_limit_enabled: bool = True
    rate_limit_default: str = "100/minute"
    proxy_hops: int = 0
    log_level: str = "INFO"
    log_format: str = "console"
    slow_request_seconds: float = 1.0
    sentry_dsn: str | None = None
    sentry_traces_sample_rate: float = 0.1
    sentry_send_pii: bool = False
    otel_endpoint: str | None = None
    db_pool_size: int = 20
    db_max_overflow: int = 10
    db_pool_recycle: int = 3600
    db_pool_timeout: float = 2.0
    db_connect_timeout: int = 3
    db_statement_timeout_ms: int = 4000
    db_lock_timeout_ms: int = 1500
    storage_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_region: str = "us-east-1"
    aws_endpoint_url: str | None = None
    app_url: str | None = None
    smtp_url: str | None = None
    mail_from: str = "Marketplace <no-reply@localhost>"
    sms_backend: str = "outbox"
    sms_from: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_url: str = "https://api.twilio.com"
    sms_daily_per_address: int = 50
    sms_daily_per_country: int = 1000
    web_concurrency: int = 1
    threads: int = 100
    graceful_timeout: int = 20
    keepalive: int = 75
    head_timeout: int = 10
    body_timeout: int = 30
    send_timeout: int = 30
    worker_inside: bool = False
    worker_threads: int = 2
    sockets_per_address: int | None = None
    sockets_per_user: int = 16
    argon2_time_cost: int = 2
    argon2_memory_cost: int = 19456
    access_token_seconds: int = 900
    refresh_token_seconds: int = 30 * 24 * 3600
    order_start_early_minutes: int = 120
    order_no_show_minutes: int = 30
    fetch_ports: tuple[int, ...] = (80, 443)
    fetch_private: bool = False
    market_hours: Spans = _MARKET_WEEK
    max_upload_bytes: int = 10 * 1024 * 1024
    testing: bool = False

    @property
    def address(self) -> str:
        """The listening address in the form of URLs: IPv6 in brackets."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def local_url(self) -> str:
        """The address of the server for programs on this machine."""
        return f"http://{bracketed(LOCAL_HOSTS.get(self.host, self.host))}:{self.port}"

    @property
    def is_development(self) -> bool:
        """True where everything is open to whoever develops on this machine."""
        return self.app_env == "development"

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of `origin` may call the API and open sockets."""
        if self.is_development and LOCAL_ORIGIN.match(origin):
            return True
        return origin in self.cors_origins or "*" in self.cors_origins

    @property
    def is_production(self) -> bool:
        """True where unsafe settings are refused."""
        return self.app_env == "production"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings from `environ` (default: the process environment).

    Raises ConfigError with one line that names the first wrong variable, or every unsafe one in
    production.
    """
    env = Reader(os.environ if environ is None else environ)
    app_env = env.choice("APP_ENV", "development", ("development", "production", "testing"))
    instance = Path(env.text("INSTANCE_PATH") or PROJECT_ROOT / "instance").expanduser().absolute()
    host = env.text("HOST") or "127.0.0.1"
    port = env.number("PORT", 8000, 1, 65535)
    secret = env.text("SECRET_KEY")
    production = app_env == "production"
    values = Settings(
        app_env=app_env,
        secret_key=secret or ("" if production else _development_secret(instance)),
        instance_path=instance,
        database_url=env.database_url(),
        redis_url=env.url("REDIS_URL", ("redis", "rediss", "unix")),
        host=host,
        port=port,
        cors_origins=env.origins("CORS_ORIGINS"),
        rate_limit_enabled=env.flag("RATE_LIMIT_ENABLED", default=True),
        rate_limit_default=env.rate("RATE_LIMIT_DEFAULT", "100/minute"),
        proxy_hops=env.number("PROXY_HOPS", 0, 0, 10),
        log_level=env.choice("LOG_LEVEL", "INFO", LOG_LEVELS, upper=True),
        log_format=env.choice("LOG_FORMAT", "json" if production else "console", ("json", "console")),
        sentry_dsn=env.url("SENTRY_DSN", ("http", "https")),
        sentry_traces_sample_rate=env.fraction("SENTRY_TRACES_SAMPLE_RATE", 0.1),
        sentry_send_pii=env.flag("SENTRY_SEND_PII", default=False),
        otel_endpoint=env.url("OTEL_EXPORTER_OTLP_ENDPOINT", ("http", "https")),
        db_pool_size=env.number("DB_POOL_SIZE", 20, 1, 1000),
        db_max_overflow=env.number("DB_MAX_OVERFLOW", 10, 0, 1000),
        db_pool_recycle=env.number("DB_POOL_RECYCLE", 3600, 1, 86400 * 7),
        storage_url=env.url("STORAGE_URL", ("s3", "file")),
        aws_access_key_id=env.text("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=env.text("AWS_SECRET_ACCESS_KEY"),
        aws_region=env.text("AWS_REGION") or "us-east-1",
        aws_endpoint_url=env.url("AWS_ENDPOINT_URL", ("http", "https")),
        app_url=env.base_url("APP_URL"),
        smtp_url=env.url("SMTP_URL", ("smtp", "smtps", "smtp+starttls")),
        mail_from=env.text("MAIL_FROM") or "Marketplace <no-reply@localhost>",
        sms_backend=env.choice("SMS_BACKEND", "outbox", ("outbox", "twilio")),
        sms_from=env.sms_sender("SMS_FROM"),
        twilio_account_sid=env.text("TWILIO_ACCOUNT_SID") or "",
        twilio_auth_token=env.text("TWILIO_AUTH_TOKEN") or "",
        twilio_url=env.url("TWILIO_URL", ("https", "http")) or "https://api.twilio.com",
        sms_daily_per_address=env.number("SMS_DAILY_PER_ADDRESS", 50, 1, 1_000_000),
        sms_daily_per_country=env.number("SMS_DAILY_PER_COUNTRY", 1000, 1, 100_000_000),
        web_concurrency=env.number("WEB_CONCURRENCY", 1, 1, 256),
        threads=env.number("WEB_THREADS", 100, 34, 10_000),
        graceful_timeout=env.number("GRACEFUL_TIMEOUT", 20, 1, 3600),
        keepalive=env.number("KEEPALIVE", 75, 1, 3600),
        head_timeout=env.number("HEAD_TIMEOUT", 10, 1, 3600),
        body_timeout=env.number("BODY_TIMEOUT", 30, 1, 3600),
        send_timeout=env.number("SEND_TIMEOUT", 30, 1, 3600),
        worker_inside=env.flag("WORKER_INSIDE", default=False),
        order_start_early_minutes=env.number("ORDER_START_EARLY_MINUTES", 120, 0, 525_600),
        order_no_show_minutes=env.number("ORDER_NO_SHOW_MINUTES", 30, 0, 1440),
        fetch_ports=env.ports("FETCH_PORTS", "80,443"),
        fetch_private=env.flag("FETCH_PRIVATE", default=False),
        market_hours=env.week("MARKET_HOURS", MARKET_HOURS),
        worker_threads=env.number("WORKER_THREADS", 2, 1, 64),
        sockets_per_address=env.number("SOCKETS_PER_ADDRESS", 0, 0, 10_000) or None,
        sockets_per_user=env.number("SOCKETS_PER_USER", 16, 1, 10_000),
    )
    if values.web_concurrency > 1 and values.redis_url is None:
        raise ConfigError("WEB_CONCURRENCY above 1 needs REDIS_URL: limits and caches are shared through it")
    if values.sms_backend == "twilio":
        _require_twilio(values)
    if production:
        _refuse_unsafe(values)
    return values


def _require_twilio(values: Settings) -> None:
    needed = {
        "TWILIO_ACCOUNT_SID": values.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": values.twilio_auth_token,
        "SMS_FROM": values.sms_from,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise ConfigError(f"SMS_BACKEND=twilio needs {', '.join(missing)}")
    # The values are not shown: one of them is a password.
    foreign = [name for name, value in needed.items() if not value.isascii()]
    if foreign:
        raise ConfigError(f"{', '.join(foreign)} must be ASCII")
    if not urlsplit(values.twilio_url).hostname:
        raise ConfigError("TWILIO_URL must name a host")


def _refuse_unsafe(values: Settings) -> None:
    secret, smtp = values.secret_key, urlsplit(values.smtp_url or "")
    short = len(secret) < MIN_SECRET_LENGTH
    faults = {
        f"SECRET_KEY must be set to at least {MIN_SECRET_LENGTH} characters": short,
        "SECRET_KEY must be random, such as `openssl rand -hex 32` makes one": not short
        and _is_guessable(secret),
        "DATABASE_URL must be set": values.database_url is None,
        "CORS_ORIGINS must list origins, not *": "*" in values.cors_origins,
        "RATE_LIMIT_ENABLED must be true": not values.rate_limit_enabled,
        "LOG_LEVEL must not be DEBUG": values.log_level == "DEBUG",
        "SMTP_URL must be set": values.smtp_url is None,
        "SMTP_URL must be smtps:// or smtp+starttls://, which are encrypted in any case": smtp.scheme
        == "smtp"
        and not _is_here(smtp.hostname),
        "APP_URL must be https, since links in mails hold tokens": not (values.app_url or "https").startswith(
            "https"
        ),
        "MAIL_FROM must be set to an address that the world can answer": _is_nowhere(values.mail_from),
        "FETCH_PRIVATE must be false: addresses of users would reach your own network": values.fetch_private,
        "TWILIO_URL must be https": values.twilio_url.startswith("http://"),
    }
    problems = [text for text, is_so in faults.items() if is_so]
    if problems:
        raise ConfigError("refusing to start in production: " + "; ".join(problems))


def _is_guessable(secret: str) -> bool:
    """Whether a key has few different characters, or repeats one text: no random key of
    MIN_SECRET_LENGTH hexadecimal digits does.
    """
    return len(set(secret)) < MIN_SECRET_VARIETY or (secret + secret).find(secret, 1) < len(secret)


def _is_here(host: str | None) -> bool:
    """Whether a mail server is on this machine, reached over no network that others may listen to."""
    return host in {"localhost", "::1"} or (host is not None and host.startswith("127."))


def _is_nowhere(sender: str) -> bool:
    """Whether the sender's domain is reserved (RFC 6761, RFC 2606) or local to this machine."""
    domain = parseaddr(sender)[1].rpartition("@")[2].rstrip(".").lower()
    return "." not in domain or domain.endswith(_SPECIAL_DOMAINS)


def _development_secret(instance: Path) -> str:
    """The key generated into the instance folder; made once, by one process even when several start."""
    path = instance / "secret_key"
    try:
        instance.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = instance / f".secret_key.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"INSTANCE_PATH {instance} cannot be used: {error.strerror}") from None
