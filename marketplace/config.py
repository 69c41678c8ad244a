"""Typed settings from the environment; the only reader of os.environ."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MIN_SECRET_LENGTH = 32
MIN_SECRET_VARIETY = 8
_SPECIAL_DOMAINS = (".localhost", ".localdomain", ".local", ".internal", ".test", ".invalid", ".example")
# A number or short code, a name with a letter, or a messaging service (Twilio, Alphanumeric Sender ID;
# What is a SID).
SMS_SENDER = re.compile(r"\+?[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}|MG[0-9a-fA-F]{32}")
PLUGIN_ENTRY_POINTS = "marketplace.plugins"  # where installed packages name their plugins
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class StartError(Exception):
    """Why the program does not start, in one line."""


class ConfigError(StartError):
    """A setting that cannot be used; the message is one line that names it."""


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
    max_upload_bytes: int = 10 * 1024 * 1024
    testing: bool = False

    @property
    def address(self) -> str:
        """Where it listens, as addresses are written: IPv6 in brackets."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def is_production(self) -> bool:
        """True where unsafe settings are refused."""
        return self.app_env == "production"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check all settings from `environ` (default: the process environment).

    Raises ConfigError with one line that names the first wrong variable, or every unsafe one in
    production.
    """
    env = _Reader(os.environ if environ is None else environ)
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
    problems = []
    if len(values.secret_key) < MIN_SECRET_LENGTH:
        problems.append(f"SECRET_KEY must be set to at least {MIN_SECRET_LENGTH} characters")
    elif _is_guessable(values.secret_key):
        problems.append("SECRET_KEY must be random, such as `openssl rand -hex 32` makes one")
    if values.database_url is None:
        problems.append("DATABASE_URL must be set")
    if "*" in values.cors_origins:
        problems.append("CORS_ORIGINS must list origins, not *")
    if not values.rate_limit_enabled:
        problems.append("RATE_LIMIT_ENABLED must be true")
    if values.log_level == "DEBUG":
        problems.append("LOG_LEVEL must not be DEBUG")
    if values.smtp_url is None:
        problems.append("SMTP_URL must be set")
    elif urlsplit(values.smtp_url).scheme == "smtp" and not _is_here(urlsplit(values.smtp_url).hostname):
        problems.append("SMTP_URL must be smtps:// or smtp+starttls://, which are encrypted in any case")
    if _is_nowhere(values.mail_from):
        problems.append("MAIL_FROM must be set to an address that the world can answer")
    if values.twilio_url.startswith("http://"):
        problems.append("TWILIO_URL must be https")
    if problems:
        raise ConfigError("refusing to start in production: " + "; ".join(problems))


def _is_guessable(secret: str) -> bool:
    """Whether a key has few different characters, or is one text over and over: no random one of
    MIN_SECRET_LENGTH hexadecimal digits is.
    """
    return len(set(secret)) < MIN_SECRET_VARIETY or (secret + secret).find(secret, 1) < len(secret)


def _is_here(host: str | None) -> bool:
    """Whether a mail server is reached without a network that others may listen to."""
    return host in {"localhost", "::1"} or (host is not None and host.startswith("127."))


def _is_nowhere(sender: str) -> bool:
    """Whether mail from there has no address (RFC 6761, RFC 2606), or one of this machine's own."""
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


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc != "" and text.endswith(f"://{parts.netloc}")


class _Reader:
    """Variables with one-line errors; an empty one counts as absent."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {key: value for key, value in environ.items() if value.strip()}

    def text(self, name: str) -> str | None:
        value = self._environ.get(name)
        return None if value is None else value.strip()

    def choice(self, name: str, default: str, allowed: tuple[str, ...], *, upper: bool = False) -> str:
        value = self.text(name) or default
        value = value.upper() if upper else value.lower()
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value[:20]) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def fraction(self, name: str, default: float) -> float:
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise ConfigError(f"{name} must be a number from 0 to 1, not {value!r}")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        value = (self.text(name) or str(default)).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ConfigError(f"{name} must be true or false, not {value!r}")

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            scheme = parts.scheme if parts.port is None or parts.port > 0 else ""
        except ValueError:
            scheme = ""
        if scheme not in schemes:
            # The value is not shown: a URL may hold a password.
            allowed = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ConfigError(f"{name} must be a URL that starts with {allowed}")
        return value

    def database_url(self) -> str | None:
        value = self.url("DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg2"))
        if value is None:
            return None
        # SQLAlchemy 2.1 takes the bare scheme for psycopg 3; the program is built on psycopg2.
        return "postgresql+psycopg2://" + value.split("://", 1)[1]

    def origins(self, name: str) -> tuple[str, ...]:
        found = []
        for raw in (self.text(name) or "").split(","):
            origin = raw.strip().rstrip("/")
            if not origin:
                continue
            if origin != "*" and not _is_origin(origin):
                raise ConfigError(f"{name} must list origins such as https://app.example.org, not {origin!r}")
            found.append(origin)
        return tuple(found)

    def sms_sender(self, name: str) -> str:
        value = self.text(name) or ""
        if value and not SMS_SENDER.fullmatch(value):
            raise ConfigError(
                f"{name} must be a number such as +15005550006, a name of up to 11 letters and digits, "
                f"or the id of a messaging service (MG...), not {value!r}"
            )
        return value

    def rate(self, name: str, default: str) -> str:
        value = self.text(name) or default
        count, _, unit = (part.strip() for part in value.partition("/"))
        units = ("second", "minute", "hour", "day")
        if not (count.isascii() and count.isdigit() and int(count[:20]) > 0 and unit in units):
            raise ConfigError(f"{name} must look like 100/minute (per {', '.join(units)}), not {value!r}")
        return f"{int(count)}/{unit}"
