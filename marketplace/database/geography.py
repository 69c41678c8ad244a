"""Distances on the globe, as SQL: a box that excludes most rows, and the haversine for the rest."""

import math
from typing import Any

EARTH_RADIUS_KM = 6371.0088
"""The mean radius of the earth (IUGG)."""
_POLE, _DATE_LINE = 90.0, 180.0


def metres_sql(latitude: str, longitude: str) -> str:
    """The great-circle distance from (`%(latitude)s`, `%(longitude)s`) in whole metres, as SQL.

    Whole numbers make exact sort keys. Haversine: R. W. Sinnott, Sky and Telescope 68 (1984). Rounding may
    carry the root for opposite points above 1, where the arc sine is undefined.
    """
    return (
        f"round({2_000 * EARTH_RADIUS_KM} * asin(least(1.0, sqrt("
        f"power(sin(radians({latitude} - %(latitude)s) / 2), 2)"
        f" + power(sin(radians({longitude} - %(longitude)s) / 2), 2)"
        f" * cos(radians({latitude})) * cos(radians(%(latitude)s))))))::bigint"
    )


def cities_sql(near: tuple[float, float], radius_km: float | None, parameters: dict[str, Any]) -> str:
    """`id` and `metres` of the cities around `near`: a box excludes most, the distance decides. The values go
    into `parameters`.

    The box is right at the poles and across the date line (J. P. Matuschek, "Finding points within a
    distance").
    """
    latitude, longitude = near
    metres = metres_sql("latitude", "longitude")
    parameters |= {"latitude": latitude, "longitude": longitude}
    if radius_km is None:
        return f"SELECT id, {metres} AS metres FROM city"  # noqa: S608 - constants of this module
    reach = math.degrees(radius_km / EARTH_RADIUS_KM)
    south, north = latitude - reach, latitude + reach
    parameters |= {"south": south, "north": north, "radius": round(radius_km * 1_000)}
    box = "latitude BETWEEN %(south)s AND %(north)s"
    if south > -_POLE and north < _POLE:
        angle = radius_km / EARTH_RADIUS_KM
        width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude)))))
        west, east = longitude - width, longitude + width
        parameters |= {"west": west, "east": east}
        columns = ["longitude BETWEEN %(west)s AND %(east)s"]
        if west <= -_DATE_LINE:
            columns.append("longitude >= %(west)s + 360")
        if east >= _DATE_LINE:
            columns.append("longitude <= %(east)s - 360")
        box += f" AND ({' OR '.join(columns)})"
    return (
        f"SELECT id, metres FROM (SELECT id, {metres} AS metres FROM city WHERE {box}) AS boxed"  # noqa: S608 - constants of this module
        " WHERE metres <= %(radius)s"
    )
