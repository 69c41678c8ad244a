"""Distances on the globe, as SQL: a box that cuts off most rows, and the haversine for what is left."""

import math

from sqlalchemy import BigInteger, ColumnElement, and_, cast, false, func, or_
from sqlalchemy.orm import InstrumentedAttribute

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the earth (IUGG)."""
_POLE = 90.0
_DATE_LINE = 180.0


def metres_between(
    latitude: InstrumentedAttribute[float],
    longitude: InstrumentedAttribute[float],
    place: tuple[float, float],
) -> ColumnElement[int]:
    """The great-circle distance from `place` (latitude, longitude in degrees) in whole metres.

    Whole numbers make exact sort keys. Haversine: R. W. Sinnott, Sky and Telescope 68 (1984).
    """
    half = func.power(func.sin(func.radians(latitude - place[0]) / 2), 2) + func.power(
        func.sin(func.radians(longitude - place[1]) / 2), 2
    ) * func.cos(func.radians(latitude)) * math.cos(math.radians(place[0]))
    # Rounding may carry the root of opposite points past 1, where there is no arc sine.
    angle = func.asin(func.least(1.0, func.sqrt(half)))
    return cast(func.round(2_000 * EARTH_RADIUS_KM * angle), BigInteger)


def in_box(
    latitude: InstrumentedAttribute[float],
    longitude: InstrumentedAttribute[float],
    place: tuple[float, float],
    radius_km: float,
) -> ColumnElement[bool]:
    """Whether a point lies in the smallest box of degrees around the circle; right at the poles and
    across the date line (J. P. Matuschek, "Finding points within a distance").
    """
    angle = radius_km / EARTH_RADIUS_KM
    reach = math.degrees(angle)
    south, north = place[0] - reach, place[0] + reach
    rows = latitude.between(south, north)
    if south <= -_POLE or north >= _POLE:
        return rows
    width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(place[0])))))
    west, east = place[1] - width, place[1] + width
    columns = longitude.between(west, east)
    beyond_west = longitude >= west + 2 * _DATE_LINE if west <= -_DATE_LINE else false()
    beyond_east = longitude <= east - 2 * _DATE_LINE if east >= _DATE_LINE else false()
    return and_(rows, or_(columns, beyond_west, beyond_east))
