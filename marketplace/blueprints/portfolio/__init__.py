"""Portfolios: pictures of a performer's work."""
