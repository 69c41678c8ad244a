"""create_app(): the order of assembly, nothing else."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import assembly
from marketplace.config import Settings, load_settings
from marketplace.database import engine
from marketplace.kernel.clock import Clock
from marketplace.plugins import load_plugins
from marketplace.web import (
    access,
    api,
    cors,
    etag,
    limits,
    logs,
    metrics,
    microcache,
    problems,
    receiving,
    request_id,
    security,
    sentry,
    tracing,
)
from marketplace.web.application import Application
from marketplace.web.blueprint import VERSIONS
from marketplace.web.docs import docs_blueprint
from marketplace.web.parsing import HardenedRequest, IdConverter


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> Flask:
    """The WSGI application.

    `settings` default to the environment, `clock` to the database's time. Raises ConfigError,
    PluginError or EmbeddedPostgresError, each with one line that says what is wrong.
    """
    settings = settings or load_settings()
    app = Application("marketplace", instance_path=str(settings.instance_path), static_folder=None)
    app.url_map.converters["int"] = IdConverter
    app.request_class = HardenedRequest
    app.config.update(
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        PROPAGATE_EXCEPTIONS=False,
    )
    plugins = load_plugins()

    sentry.init_app(app, settings)
    logs.init_app(app, settings)
    tracing.init_app(app, settings)
    metrics.init_app(app, settings)
    engine.init_app(app, settings)
    assembly.init_migrations(plugins)
    runtime = assembly.init_runtime(app, settings, plugins, clock)
    assembly.init_cache(app, settings)
    assembly.init_announcements(app, runtime)

    security.init_app(app, settings)
    cors.init_app(app, settings)
    etag.init_app(app)
    app.before_request(access.read_token)
    limits.init_app(app, settings)
    app.before_request(access.require_token)
    app.before_request(receiving.receive)
    app.before_request(access.enforce)
    problems.init_app(app)

    assembly.init_plugins(app, runtime, plugins)
    assembly.init_sockets(app, runtime, plugins)
    for version in VERSIONS:
        api.make_api(app, version, [blueprint for plugin in plugins for blueprint in plugin.blueprints])
    app.register_blueprint(docs_blueprint())
    access.require_markers(app)
    assembly.watch(app)

    microcache.init_app(app, settings)
    request_id.init_app(app, settings)
    hops = settings.proxy_hops
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # Flask's own way to add a layer
    return app
