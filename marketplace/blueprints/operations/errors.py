"""Errors of operations."""

from marketplace.kernel.errors import Conflict


class JobNotDead(Conflict):
    """A job is to be tried again by hand, and it is still waiting, running or done."""

    code = "job_not_dead"
    title = "Only a dead job can be tried again by hand"
    remedy = "Wait: a job that failed is tried again by itself until it is dead."
