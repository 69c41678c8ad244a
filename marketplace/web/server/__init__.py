"""gunicorn's side of the wire: threads for whole requests only, and one form for every refusal."""

from marketplace.web.server.arrival import BodyLimits as BodyLimits
from marketplace.web.server.worker import Limits as Limits
from marketplace.web.server.worker import Worker as Worker
from marketplace.web.server.worker import make_worker_class as make_worker_class
