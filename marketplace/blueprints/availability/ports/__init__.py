"""Interfaces that the services of availability need."""
