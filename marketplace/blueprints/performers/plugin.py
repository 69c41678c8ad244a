"""What performers add to the program."""

from collections.abc import Iterable

from marketplace.blueprints.performers import (
    admin_routes,
    certificate_handlers,
    certificate_routes,
    checklist_routes,
    figure_handlers,
    handlers,
    portfolio_handlers,
    portfolio_routes,
    routes,
    routes_v2,
    schedule_routes,
    slot_routes,
)
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.cli import cli
from marketplace.blueprints.performers.errors import CONSTRAINTS
from marketplace.blueprints.performers.wiring import build
from marketplace.kernel.events import Handler
from marketplace.kernel.registry import Job
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PARTS = (handlers, certificate_handlers, portfolio_handlers, figure_handlers)
"""The modules that say what happens after events and by itself."""


def all_handlers(runtime: Runtime) -> Iterable[Handler]:
    """Of every part of this domain."""
    return [handler for part in PARTS for handler in part.handlers(runtime)]


def all_jobs(runtime: Runtime) -> Iterable[Job]:
    """Of every part of this domain."""
    return [job for part in PARTS for job in part.jobs(runtime)]


ROUTES = (
    routes,
    routes_v2,
    admin_routes,
    certificate_routes,
    portfolio_routes,
    checklist_routes,
    schedule_routes,
    slot_routes,
)
"""The modules that fill the blueprint."""

PLUGIN = Plugin(
    name="performers",
    requires=("integrations", "moderation", "accounts", "catalog"),
    blueprints=(blp,),
    setup=setup,
    handlers=all_handlers,
    jobs=all_jobs,
    commands=(cli,),
    constraints=CONSTRAINTS,
)
