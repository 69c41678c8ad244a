"""The fixtures of the marketplace's test kit: `client`, `make`, `auth`, `clock`, `run_jobs`, ..."""

pytest_plugins = ["marketplace.testing"]
