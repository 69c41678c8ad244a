"""The parts that `create_app` puts together: the runtime, the plugins, the worker."""

from datetime import datetime
from functools import partial
from typing import cast

from alembic.config import Config
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import Session, scoped_session

from marketplace.config import Settings
from marketplace.database.announcing import Announcer
from marketplace.database.engine import MIGRATIONS, ask_time
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.worker import Worker
from marketplace.extensions import cache, db, migrate, socketio
from marketplace.kernel.clock import Clock, SyncedClock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import AppError
from marketplace.kernel.registry import Registry
from marketplace.plugins import Plugin
from marketplace.realtime.namespace import SocketGuard
from marketplace.realtime.setup import close_sockets, init_realtime, start_sweeper
from marketplace.web import access, caching, limits, metrics
from marketplace.web.background import job_context, make_worker
from marketplace.web.caching import Flights
from marketplace.web.parsing import check_value
from marketplace.web.problems import problem_of
from marketplace.web.runtime import Runtime

CACHE_TIMEOUT_SECONDS = 0.25
"""For a connect, and for an answer: one request pays at most both."""
CACHE_ANSWERS = 1000
"""How many answers the cache of one process keeps; a page of 20 has about 10 kB."""
_INSIDE_WORKER = "marketplace_inside_worker"


def init_runtime(app: Flask, settings: Settings, plugins: list[Plugin], clock: Clock | None) -> Runtime:
    """The unit of work, the clock and what else the domains are built upon."""
    constraints: dict[str, type[AppError]] = {}
    for plugin in plugins:
        constraints.update(plugin.constraints)
    registry = Registry()
    runtime = Runtime(
        settings=settings,
        uow=SqlUnitOfWork(
            cast("scoped_session[Session]", db.session),
            registry,
            constraints,
            job_context,
            partial(metrics.count_event, app),
            rested=access.note_rest,
            begun=access.confirm,
        ),
        clock=clock or SyncedClock(lambda: _database_time(app)),
        cursors=CursorSigner(settings.secret_key),
        registry=registry,
    )
    app.extensions["marketplace"] = runtime
    app.extensions["marketplace_constraints"] = constraints
    return runtime


def init_cache(app: Flask, settings: Settings) -> None:
    """Redis when there is one, else this process; an unreachable cache is a miss, never an error."""
    # Asked once: by default redis-py waits for a server that hangs three times more.
    waits = {
        "socket_timeout": CACHE_TIMEOUT_SECONDS,
        "socket_connect_timeout": CACHE_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    app.config.update(
        CACHE_TYPE="marketplace.web.redis_cache.RedisCache"
        if settings.redis_url
        else "marketplace.web.memory.MemoryCache",
        CACHE_THRESHOLD=CACHE_ANSWERS,
        CACHE_REDIS_URL=settings.redis_url,
        CACHE_OPTIONS=waits if settings.redis_url else {},
        CACHE_DEFAULT_TIMEOUT=60,
        CACHE_KEY_PREFIX="marketplace:",
    )
    cache.init_app(app)
    app.extensions["marketplace_flights"] = Flights()


def init_announcements(app: Flask, runtime: Runtime) -> None:
    """Let processes without a common cache tell each other what falls."""
    # Tests have one process, in transactions that nobody else hears of.
    if runtime.settings.redis_url is None and not runtime.settings.testing:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        app.extensions[caching.ANNOUNCER] = Announcer(runtime.uow, url)


def init_plugins(app: Flask, runtime: Runtime, plugins: list[Plugin]) -> None:
    """Build every domain, then collect handlers, jobs and commands."""
    with app.app_context():
        for plugin in plugins:
            if plugin.setup is not None:
                plugin.setup(runtime)
        for plugin in plugins:
            if plugin.handlers is not None:
                runtime.registry.add_handlers(plugin.handlers(runtime))
            if plugin.jobs is not None:
                runtime.registry.add_jobs(plugin.jobs(runtime))
    for plugin in plugins:
        for command in plugin.commands:
            app.cli.add_command(command)
        for blueprint in plugin.root:
            app.register_blueprint(blueprint)
    app.extensions["marketplace_plugins"] = plugins


def init_sockets(app: Flask, runtime: Runtime, plugins: list[Plugin]) -> None:
    """Socket.IO with the namespaces of every plugin."""
    settings = runtime.settings
    namespaces = [
        namespace for plugin in plugins if plugin.namespaces for namespace in plugin.namespaces(runtime)
    ]
    assert runtime.authenticator is not None
    guard = SocketGuard(app, runtime.authenticator, runtime.clock, problem_of, check_value)
    init_realtime(
        app,
        socketio,
        guard,
        namespaces=namespaces,
        database_url=app.config["SQLALCHEMY_DATABASE_URI"],
        redis_url=settings.redis_url,
        cors_origins=settings.cors_origins,
        threads=settings.threads,
        many_processes=settings.web_concurrency > 1,
        local_only=settings.testing,
        per_address=settings.sockets_per_address,
        per_user=settings.sockets_per_user,
        network=limits.network_of,
        count=partial(limits.count_handshake, app),
    )


def init_migrations(plugins: list[Plugin]) -> None:
    """Tell Alembic where the plugins' versions lie, besides our own."""
    paths = [MIGRATIONS / "versions", *(plugin.migrations for plugin in plugins if plugin.migrations)]
    folders = "\n".join(str(path).replace("%", "%%") for path in paths)

    def add_folders(config: Config) -> Config:
        config.set_main_option("version_locations", folders)
        return config

    migrate.configure(add_folders)  # type: ignore[arg-type]  # the stubs want a Config that Flask-Migrate never makes


def watch(app: Flask) -> None:
    """Metrics of the connection pool."""
    with app.app_context():
        metrics.watch_pool(app, db.engine.pool)


def _database_time(app: Flask) -> datetime:
    with app.app_context():
        return ask_time(db.engine)


def start_serving(app: Flask) -> None:
    """What a serving process runs beside its requests: the socket sweeper, the ear for what other processes
    drop, and the worker if it is inside.
    """
    runtime = app.extensions["marketplace"]
    assert isinstance(runtime, Runtime)
    start_sweeper(app)
    caching.listen(app)
    if runtime.settings.worker_inside:
        worker = make_worker(app)
        app.extensions[_INSIDE_WORKER] = worker
        worker.start()


def stop_serving(app: Flask) -> None:
    """Before the process ends: tell and close the sockets, let the worker finish its jobs."""
    worker = app.extensions.get(_INSIDE_WORKER)
    if isinstance(worker, Worker):
        worker.stop()
    caching.close(app)
    close_sockets(app)
