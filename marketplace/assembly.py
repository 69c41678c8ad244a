"""Builds the parts that create_app() puts together: the runtime, the plugins, the worker."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast

from alembic.config import Config
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.orm import Session, scoped_session

from marketplace.config import Settings
from marketplace.database.engine import MIGRATIONS, ask_time
from marketplace.database.invalidation import InvalidationBus
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.worker import Worker
from marketplace.extensions import cache, db, migrate, socketio
from marketplace.kernel.clock import Clock, SyncedClock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import AppError
from marketplace.kernel.links import Links
from marketplace.kernel.registry import Registry
from marketplace.outside.ports import PrivateKind, PublicFolder
from marketplace.outside.wiring import Outside, build_outside
from marketplace.plugins import Plugin
from marketplace.realtime.namespace import SocketGuard
from marketplace.realtime.setup import close_sockets, init_realtime, start_sweeper
from marketplace.web import access
from marketplace.web.background import job_context, make_worker
from marketplace.web.caching import responses, topics
from marketplace.web.caching.singleflight import SingleFlight
from marketplace.web.caching.topics import CacheDrop
from marketplace.web.hardened.strict_json import check_value
from marketplace.web.language import told
from marketplace.web.limits import budgets, callers
from marketplace.web.observability import metrics
from marketplace.web.problems import problem_of
from marketplace.web.runtime import Runtime

CACHE_TIMEOUT_SECONDS = 0.25
"""The limit of a connect, and of an answer: one request waits for at most both."""
CACHE_ANSWERS = 1000
"""The number of answers in the cache of one process; a page of 20 takes about 10 kB."""
_INSIDE_WORKER = "marketplace_inside_worker"


def init_runtime(app: Flask, settings: Settings, plugins: list[Plugin], clock: Clock | None) -> Runtime:
    """The unit of work, the clock and the other parts that the domains are built upon."""
    constraints: dict[str, type[AppError]] = {}
    for plugin in plugins:
        constraints.update(plugin.constraints)
    registry = Registry()
    provides: dict[type[Any], Callable[[Runtime], Any]] = {}
    for plugin in plugins:
        provides.update(plugin.provides)
    provides[Outside] = _build_outside
    runtime = Runtime(
        settings=settings,
        uow=SqlUnitOfWork(
            cast("scoped_session[Session]", db.session),
            registry,
            constraints,
            job_context,
            partial(metrics.count_event, app),
            released=access.note_release,
            begun=access.confirm,
        ),
        clock=clock or SyncedClock(lambda: _database_time(app)),
        cursors=CursorSigner(settings.secret_key),
        registry=registry,
        provides=provides,
        contributions=tuple(one for plugin in plugins for one in plugin.gives),
    )
    app.extensions["marketplace"] = runtime
    app.extensions["marketplace_constraints"] = constraints
    return runtime


def _build_outside(parts: Runtime) -> Outside:
    return build_outside(
        parts.settings,
        parts.clock,
        parts.uow.release_connection,
        parts.given(PrivateKind),
        parts.given(PublicFolder),
    )


def init_cache(app: Flask, settings: Settings) -> None:
    """The cache: Redis when there is one, else this process; an unreachable one is a miss, never an error."""
    # No retries: by default redis-py tries a server that hangs three more times.
    waits = {
        "socket_timeout": CACHE_TIMEOUT_SECONDS,
        "socket_connect_timeout": CACHE_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    app.config.update(
        CACHE_TYPE="marketplace.web.caching.redis_cache.RedisCache"
        if settings.redis_url
        else "marketplace.web.caching.memory.MemoryCache",
        CACHE_THRESHOLD=CACHE_ANSWERS,
        CACHE_REDIS_URL=settings.redis_url,
        CACHE_OPTIONS=waits if settings.redis_url else {},
        CACHE_DEFAULT_TIMEOUT=60,
        CACHE_KEY_PREFIX="marketplace:",
    )
    cache.init_app(app)
    app.extensions[responses.SINGLEFLIGHT] = SingleFlight()


def init_invalidation(app: Flask, runtime: Runtime) -> None:
    """Let processes without a common cache tell each other which entries to drop."""
    # Tests have one process, in transactions that nobody else sees.
    if runtime.settings.redis_url is None and not runtime.settings.testing:
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        app.extensions[topics.INVALIDATION_BUS] = InvalidationBus(runtime.uow, url)


def init_plugins(app: Flask, runtime: Runtime, plugins: list[Plugin]) -> None:
    """Build every domain, so that a failure shows at the start; then collect handlers, jobs and commands."""
    with app.app_context():
        for kind in runtime.provides:
            runtime.get(kind)
        runtime.registry.add_handlers(topics.dropping(runtime.given(CacheDrop)))
        for plugin in plugins:
            if plugin.handlers is not None:
                runtime.registry.add_handlers(plugin.handlers(runtime))
            if plugin.jobs is not None:
                runtime.registry.add_jobs(plugin.jobs(runtime))
    runtime.check_contributions()
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
    guard = SocketGuard(app, runtime.authenticator, runtime.clock, problem_of, check_value)
    init_realtime(
        app,
        socketio,
        guard,
        namespaces=namespaces,
        database_url=app.config["SQLALCHEMY_DATABASE_URI"],
        redis_url=settings.redis_url,
        allows_origin=settings.allows_origin,
        threads=settings.threads,
        many_processes=settings.web_concurrency > 1,
        local_only=settings.testing,
        per_address=settings.sockets_per_address,
        per_user=settings.sockets_per_user,
        network=callers.network_of,
        count=partial(budgets.count_handshake, app),
        links=links_of(settings),
        tell=partial(told, app),
    )


def links_of(settings: Settings) -> Links:
    """How absolute links begin."""
    return Links(own=settings.address, behind_proxy=settings.proxy_hops > 0)


def init_migrations(plugins: list[Plugin]) -> None:
    """Tell Alembic the folders of the plugins' versions, besides our own."""
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
    """Start the threads of a serving process beside its requests: the socket sweeper, the listener for
    entries that other processes drop, and the worker if it runs inside.
    """
    runtime = app.extensions["marketplace"]
    assert isinstance(runtime, Runtime)
    start_sweeper(app)
    topics.listen(app)
    if runtime.settings.worker_inside:
        worker = make_worker(app)
        app.extensions[_INSIDE_WORKER] = worker
        worker.start()


def stop_serving(app: Flask) -> None:
    """Before the process ends: tell and close the sockets, let the worker finish its jobs."""
    worker = app.extensions.get(_INSIDE_WORKER)
    if isinstance(worker, Worker):
        worker.ask_to_stop()
    # Not after the jobs at hand, which may take seconds: the clients of the sockets go to another server.
    close_sockets(app)
    topics.close(app)
    if isinstance(worker, Worker):
        worker.stop()
