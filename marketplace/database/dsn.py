"""SQLAlchemy's URL as libpq wants it, for connections outside the pool."""

from sqlalchemy import URL, make_url


def libpq_dsn(url: URL | str) -> str:
    """The same address without SQLAlchemy's driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
