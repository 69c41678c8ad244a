"""Ids in paths: only those that a row can have."""

from werkzeug.routing import BaseConverter

MAX_ID = 2**63 - 1


def _up_to(largest: int) -> str:
    """A regular expression for the positive integers up to `largest`, without leading zeros."""
    digits = str(largest)
    shorter = f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    smaller = [
        f"{digits[:place]}[{0 if place else 1}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if int(digit) > (0 if place else 1)
    ]
    return "(?:" + "|".join([shorter, *smaller, digits]) + ")"


class IdConverter(BaseConverter):
    """An id in a path: ASCII digits, 1 to 2**63 - 1; any other text is no such resource (404).

    Registered as `int` too: werkzeug's own takes foreign digits and fails on 5,000 of them.
    """

    # A value that the expression accepts and the converter refuses would be 405, not 404, for every method
    # but the first one declared for the path: so the expression alone decides.
    regex = _up_to(MAX_ID)

    def to_python(self, value: str) -> int:
        return int(value)
