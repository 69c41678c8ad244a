"""flask-caching's cache of one process, made to stand more keys than it has room for."""

from itertools import islice
from time import time

from flask_caching.backends import SimpleCache

LEFT = 3 / 4
"""How much of a full cache is left when room is made, so that it is not made again at once."""


class MemoryCache(SimpleCache):
    """A full SimpleCache sorts all that it holds at each `set` to throw away one, and what never ends (the
    generations of the topics) first. Here what has ended goes, then what was put in first; what never ends
    stays.
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
