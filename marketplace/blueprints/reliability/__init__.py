"""Reliability: how performers answer requests and finish orders."""
