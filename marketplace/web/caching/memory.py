"""An in-process cache for flask-caching that evicts entries cheaply when it is full."""

from itertools import islice
from time import time

from flask_caching.backends import SimpleCache

LEFT = 3 / 4
"""The share of a full cache that an eviction leaves, so that evictions are rare."""


class MemoryCache(SimpleCache):
    """A full SimpleCache sorts all its entries at each `set` to evict one, and begins with those that never
    expire (the generations of topics). Here expired entries go first, then the oldest; those that never
    expire stay.
    """

    def _prune(self) -> None:
        if not self._over_threshold():
            return
        now = time()
        ending = [(key, expires) for key, (expires, _) in self._cache.items() if expires]
        ended = [key for key, expires in ending if expires < now]
        going = [key for key, expires in ending if expires >= now]
        surplus = len(going) - int(self._threshold * LEFT)
        for key in [*ended, *islice(going, max(0, surplus))]:
            del self._cache[key]
