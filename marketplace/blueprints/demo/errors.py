"""Errors of the demo."""


class DemoRefused(Exception):
    """The demo cannot be seeded here; the message is one line that gives the reason."""


class NotForProduction(DemoRefused):
    """Nothing of the demo belongs there: its passwords are known."""

    def __init__(self) -> None:
        super().__init__("The demo is not for production.")
