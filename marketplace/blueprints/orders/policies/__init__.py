"""The rules of orders: their life as tables, and what cancelling costs."""
