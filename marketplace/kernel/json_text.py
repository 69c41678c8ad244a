"""JSON text made by the database, which goes into a response unchanged."""


class JsonText(str):
    """A value in JSON, passed on whole; code that needs its parts reads rows instead."""

    __slots__ = ()
