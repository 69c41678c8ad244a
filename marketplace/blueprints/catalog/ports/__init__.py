"""Interfaces that the services of the catalog need, and the rows that they exchange."""
