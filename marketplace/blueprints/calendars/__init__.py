"""Calendars: external ones of performers, whose busy times count as taken."""
