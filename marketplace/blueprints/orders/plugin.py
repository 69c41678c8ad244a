"""The plugin of orders: what they add to the program and give to other domains."""

from marketplace.blueprints.moderation.contracts import Reportable
from marketplace.blueprints.orders.errors import CONSTRAINTS
from marketplace.blueprints.orders.handlers import handlers, jobs
from marketplace.blueprints.orders.routes import cancellation, own, policies, staff
from marketplace.blueprints.orders.wiring import Orders, build, find_met, orders
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

ROUTES = (own, cancellation, policies, staff)
"""The modules that fill the blueprints."""

PLUGIN = Plugin(
    name="orders",
    requires=("moderation", "accounts", "offers", "performers", "availability"),
    blueprints=(own.blp, policies.blp, staff.blp),
    provides={Orders: build},
    gives=(
        Reportable("user", find_met),
        Counter("orders_created", late(lambda: orders().numbers.orders_created)),
        Counter("orders_completed", late(lambda: orders().numbers.orders_completed)),
        Counter("orders_cancelled", late(lambda: orders().numbers.orders_cancelled)),
        ExportSection("orders", late(lambda: orders().records.orders)),
        ExportSection("order_remarks", late(lambda: orders().records.remarks)),
        ExportSection("cancellation_policy", late(lambda: orders().policy_rows.export)),
        ExportSection("order_history", late(lambda: orders().records.history)),
        Erasure("cancellation_policy", late(lambda: orders().policy_rows.forget)),
        Erasure("orders", late(lambda: orders().records.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
