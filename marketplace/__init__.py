"""An open backend for service marketplaces."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marketplace.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """`create_app`, imported on first use (PEP 562): settings and `flask --help` do not need it."""
    if name == "create_app":
        return import_module("marketplace.app").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
