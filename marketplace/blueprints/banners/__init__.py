"""Banners: curated by staff, shown by city and time, counted."""
