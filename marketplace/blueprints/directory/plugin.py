"""The plugin of the directory: what it adds to the program and gives to other domains."""

from marketplace.blueprints.directory.cli import cli
from marketplace.blueprints.directory.handlers import SHOWN, handlers, jobs
from marketplace.blueprints.directory.policies import CACHE_TOPIC
from marketplace.blueprints.directory.routes.blueprint import blp
from marketplace.blueprints.directory.wiring import Directory, build, directory
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.caching.topics import CacheDrop
from marketplace.web.runtime import late

# The documents list the routes in the order of these imports.
# isort: split
from marketplace.blueprints.directory.routes import v2

# isort: split
from marketplace.blueprints.directory.routes import public

# isort: split
from marketplace.blueprints.directory.routes import own

ROUTES = (public, own, v2)
"""The modules that fill the blueprint."""

PLUGIN = Plugin(
    name="directory",
    requires=(
        "accounts",
        "catalog",
        "offers",
        "performers",
        "certificates",
        "portfolio",
        "availability",
        "reviews",
        "reliability",
        "privacy",
    ),
    blueprints=(blp,),
    provides={Directory: build},
    gives=(
        ExportSection("favourites", late(lambda: directory().marks.export)),
        Erasure("favourites", late(lambda: directory().marks.forget)),
        CacheDrop(CACHE_TOPIC, SHOWN),
    ),
    handlers=handlers,
    jobs=jobs,
    commands=(cli,),
)
