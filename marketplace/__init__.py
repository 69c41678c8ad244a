"""An open backend for service marketplaces."""

from marketplace.app import create_app

__all__ = ["create_app"]
