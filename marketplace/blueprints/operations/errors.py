"""What can go wrong in operations."""

from marketplace.kernel.errors import Conflict


class JobNotDead(Conflict):
    code = "job_not_dead"
    title = "Only a dead job can be tried again by hand"
