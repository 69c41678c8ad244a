"""The rules of the waiting list: how much one may wait for, and how long offers last."""

from datetime import timedelta

OFFER = timedelta(minutes=30)
MAX_OFFERS = 2
"""The number of offers that a customer may let pass before leaving the list."""
REST = timedelta(hours=1)
"""How long a customer who let an offer pass gets no other one: anybody may book the time."""
MAX_DAYS = 10
"""The limit of days that one customer waits for at once."""
MAX_WAITING = 50
"""The limit of customers who wait for one day of a performer."""
AT_ONCE = 20
"""Offers that are made in one transaction."""
BATCH = 100
"""Performers that one run of the sweep looks at."""
