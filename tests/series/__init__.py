"""Series of orders."""
