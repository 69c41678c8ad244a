"""Interfaces that the services of accounts need."""
