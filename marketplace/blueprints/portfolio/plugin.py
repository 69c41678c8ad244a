"""The plugin of portfolios: what they add to the program and give to other domains."""

from marketplace.blueprints.portfolio.handlers import jobs
from marketplace.blueprints.portfolio.routes import blp
from marketplace.blueprints.portfolio.services import FOLDER, KIND
from marketplace.blueprints.portfolio.wiring import (
    Portfolio,
    build,
    files_of,
    find_file,
    is_shown,
    portfolio,
)
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.outside.ports import PrivateKind, PublicFolder
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="portfolio",
    requires=("accounts", "performers"),
    blueprints=(blp,),
    provides={Portfolio: build},
    gives=(
        PrivateKind(KIND, find_file),
        PublicFolder(FOLDER, is_shown),
        ExportSection("portfolio", late(lambda: portfolio().rows.export), files_of),
        Erasure("portfolio", late(lambda: portfolio().files.forget)),
    ),
    jobs=jobs,
)
