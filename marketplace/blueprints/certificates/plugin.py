"""The plugin of certificates: what they add to the program and give to other domains."""

from marketplace.blueprints.certificates.handlers import handlers, jobs
from marketplace.blueprints.certificates.messages import EXPIRING
from marketplace.blueprints.certificates.routes import blp
from marketplace.blueprints.certificates.services.shelf import KIND
from marketplace.blueprints.certificates.wiring import (
    Certificates,
    build,
    certificates,
    files_of,
    find_file,
)
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Queue
from marketplace.outside.ports import PrivateKind
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="certificates",
    requires=("moderation", "accounts", "performers"),
    blueprints=(blp,),
    provides={Certificates: build},
    gives=(
        EXPIRING,
        Queue("certificates", late(lambda: certificates().numbers.waiting)),
        PrivateKind(KIND, find_file),
        ExportSection("certificates", late(lambda: certificates().rows.section), files_of),
        Erasure("certificates", late(lambda: certificates().watch.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
)
