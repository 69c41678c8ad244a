"""The plugin of performers: what they add to the program and give to other domains."""

from marketplace.blueprints.catalog.contracts import CategoryUse
from marketplace.blueprints.moderation.contracts import BulkAction, ModeratedSubject, Reportable
from marketplace.blueprints.performers.changes import SUBJECT
from marketplace.blueprints.performers.errors import CONSTRAINTS
from marketplace.blueprints.performers.policies import ALLOWED_FROM
from marketplace.blueprints.performers.routes import own, staff
from marketplace.blueprints.performers.routes.blueprint import blp
from marketplace.blueprints.performers.wiring import (
    MODERATED_FIELDS,
    Performers,
    build,
    find_user,
    move_pending,
    performers,
    record_changed,
)
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter, Queue
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

ROUTES = (own, staff)
"""The modules that fill the blueprint."""

PLUGIN = Plugin(
    name="performers",
    requires=("moderation", "accounts", "catalog"),
    blueprints=(blp,),
    provides={Performers: build},
    gives=(
        ModeratedSubject(
            SUBJECT,
            fields=MODERATED_FIELDS,
            store=lambda: performers().rows,
            changed=record_changed,
        ),
        BulkAction("performers", tuple(ALLOWED_FROM), decision=lambda: performers().decisions),
        Reportable(SUBJECT, find_user),
        Counter("new_performers", late(lambda: performers().numbers.new_performers)),
        Counter("approved_performers", late(lambda: performers().numbers.approved_performers)),
        Queue("performers", late(lambda: performers().numbers.performers_waiting)),
        CategoryUse("performers", late(lambda: performers().links.move_category)),
        CategoryUse("change_requests", move_pending),
        ExportSection("performer", late(lambda: performers().records.profile)),
        Erasure("performer", late(lambda: performers().records.forget)),
    ),
    constraints=CONSTRAINTS,
)
