"""Professionals: their profiles and how they are found."""
