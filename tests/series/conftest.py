"""The people around a series are those around an order."""

from tests.orders.conftest import deal

__all__ = ["deal"]
