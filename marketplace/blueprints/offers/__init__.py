"""Offers: the services of performers."""
