"""Schemas of availability."""
