"""Schemas of orders: the order itself, and its cancellation, arrival and timeline."""
