"""create_app(): the order of assembly, nothing else."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace import assembly
from marketplace.config import Settings, load_settings
from marketplace.database import engine
from marketplace.embedded.users import ensure_running
from marketplace.kernel.clock import Clock
from marketplace.plugins import load_plugins
from marketplace.web import access, catalogs, cors, etag, problems, security
from marketplace.web.application import Application
from marketplace.web.blueprint import VERSIONS
from marketplace.web.caching import microcache
from marketplace.web.hardened import receiving
from marketplace.web.hardened.ids import IdConverter
from marketplace.web.hardened.requests import HardenedRequest
from marketplace.web.limits import budgets
from marketplace.web.observability import logs, metrics, request_id, sentry, tracing
from marketplace.web.openapi import api
from marketplace.web.openapi.docs import docs_blueprint
from marketplace.web.pages.blueprint import pages_blueprint
from marketplace.web.pages.contributions import DemoLogins, TokenCall


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
    engine.init_app(app, settings, settings.database_url or ensure_running(settings.instance_path))
    assembly.init_migrations(plugins)
    runtime = assembly.init_runtime(app, settings, plugins, clock)
    assembly.init_cache(app, settings)
    assembly.init_invalidation(app, runtime)

    security.init_app(app, settings)
    cors.init_app(app, settings)
    etag.init_app(app)
    app.before_request(access.read_token)
    budgets.init_app(app, settings)
    app.before_request(access.require_token)
    app.before_request(receiving.receive)
    app.before_request(access.enforce)
    problems.init_app(app, assembly.links_of(settings))
    catalogs.init_app(app, [plugin.locales for plugin in plugins if plugin.locales])

    app.register_blueprint(pages_blueprint(settings, runtime.given(DemoLogins), runtime.given(TokenCall)))
    assembly.init_plugins(app, runtime, plugins)
    assembly.init_sockets(app, runtime, plugins)
    for version in VERSIONS:
        api.make_api(app, version, [blueprint for plugin in plugins for blueprint in plugin.blueprints])
    app.register_blueprint(docs_blueprint(keeps_token=not settings.is_production))
    access.require_markers(app)
    assembly.watch(app)

    microcache.init_app(app, settings)
    request_id.init_app(app, settings)
    hops = settings.proxy_hops
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # Flask's own way to add a layer
    return app
