"""The test kit, for tests of plugins and our own: a pytest plugin, and names for annotations.

A `conftest.py` says `pytest_plugins = ["marketplace.testing"]`; docs/plugins.md lists the fixtures. Nothing
of the program imports this package: it needs pytest and jsonschema, which a server does without.
"""

from marketplace.testing.client import CheckedClient as CheckedClient
from marketplace.testing.clock import START as START
from marketplace.testing.factory import PASSWORD as PASSWORD, Factory as Factory
from marketplace.testing.program import (
    AssertQueries as AssertQueries,
    RunJobs as RunJobs,
    SignIn as SignIn,
)

pytest_plugins = (
    "marketplace.testing.clock",
    "marketplace.testing.databases",
    "marketplace.testing.program",
)
