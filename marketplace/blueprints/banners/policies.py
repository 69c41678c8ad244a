"""The limits of banners."""

from datetime import timedelta

CACHE_TOPIC = "banners"

COUNT_SHARDS = 16
"""The number of rows that hold a banner's views of one day."""

MAX_STATS_DAYS = 366

STILL_COUNTED = timedelta(hours=1)
"""How long an ended banner is still counted, because it may still be on somebody's screen."""
