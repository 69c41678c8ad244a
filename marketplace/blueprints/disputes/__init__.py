"""Disputes about orders: what is complained of, evidence, and the queue of staff."""
