"""Services of the demo: titles, prices and texts by branch of the catalog."""

from dataclasses import dataclass

from marketplace.kernel.money import Money

# country -> currency and how many major units make the price of one euro's worth of local work: the
# exchange rate times a rough level of local wages, so that a plumber's hour costs what it may cost there.
_CURRENCIES = {
    "USD": (1.25, "US PR EC SV PA"),
    "EUR": (1.0, "DE FR ES IT NL BE AT PT IE FI GR SK SI EE LV LT LU MT CY HR MC SM BG"),
    "GBP": (0.95, "GB"),
    "CHF": (1.7, "CH LI"),
    "CAD": (1.5, "CA"),
    "AUD": (1.8, "AU"),
    "NZD": (1.8, "NZ"),
    "JPY": (110.0, "JP"),
    "KRW": (1100.0, "KR"),
    "CNY": (3.5, "CN"),
    "TWD": (18.0, "TW"),
    "HKD": (6.0, "HK"),
    "SGD": (1.5, "SG"),
    "INR": (18.0, "IN"),
    "PKR": (50.0, "PK"),
    "BDT": (25.0, "BD"),
    "IDR": (4500.0, "ID"),
    "PHP": (15.0, "PH"),
    "VND": (7000.0, "VN"),
    "THB": (13.0, "TH"),
    "MYR": (2.0, "MY"),
    "BRL": (2.5, "BR"),
    "MXN": (8.0, "MX"),
    "ARS": (500.0, "AR"),
    "COP": (1400.0, "CO"),
    "CLP": (500.0, "CL"),
    "PEN": (1.5, "PE"),
    "TRY": (16.0, "TR"),
    "RUB": (40.0, "RU"),
    "UAH": (18.0, "UA"),
    "KZT": (220.0, "KZ"),
    "PLN": (2.8, "PL"),
    "CZK": (16.0, "CZ"),
    "HUF": (240.0, "HU"),
    "RON": (3.0, "RO"),
    "SEK": (11.0, "SE"),
    "NOK": (13.0, "NO"),
    "DKK": (8.5, "DK"),
    "EGP": (18.0, "EG"),
    "SAR": (3.0, "SA"),
    "AED": (3.5, "AE"),
    "IQD": (700.0, "IQ"),
    "MAD": (5.0, "MA"),
    "KWD": (0.3, "KW"),
    "NGN": (500.0, "NG"),
    "ZAR": (10.0, "ZA"),
    "KES": (60.0, "KE"),
    "GHS": (6.0, "GH"),
    "ETB": (45.0, "ET"),
    "TZS": (1000.0, "TZ"),
    "ILS": (4.0, "IL"),
}
_BY_COUNTRY = {
    code: (currency, level) for currency, (level, codes) in _CURRENCIES.items() for code in codes.split()
}


def _week(days: range, *spans: tuple[int, int]) -> str:
    """Hours on each of the days, as PostgreSQL writes them: in minutes since Monday."""
    minutes = [(day * 24 + hour) * 60 for day in days for span in spans for hour in span]
    starts, ends = minutes[::2], minutes[1::2]
    return "{" + ",".join(f"[{start},{end})" for start, end in zip(starts, ends, strict=True)) + "}"


WEEKS = (
    _week(range(5), (9, 18)),
    _week(range(5), (8, 12), (13, 17)),
    _week(range(6), (10, 19)),
    _week(range(7), (8, 22)),
    _week(range(5), (17, 22)),
    _week(range(2, 7), (12, 21)),
)
"""Working hours: mostly by day, sometimes in the evening or at weekends."""
ALWAYS = _week(range(7), (0, 24))


def price_for(country_code: str, euros: float) -> Money:
    """The price in the country of work worth `euros` in Germany, rounded as people round."""
    currency, level = _BY_COUNTRY.get(country_code, ("USD", 0.5))
    units = max(1.0, euros * level)
    step = 1
    while step * 50 <= units:
        step *= 10
    step = max(1, step // 2) if units / step < 20 else step  # noqa: PLR2004 - 5s for small sums, 10s for large
    rounded = max(step, round(units / step) * step)
    exponent = Money(0, currency).exponent
    return Money(int(rounded) * 10**exponent, currency)


@dataclass(frozen=True)
class Trade:
    """The typical work of a branch: euros an hour from and to, minutes that it takes."""

    low: int
    high: int
    minutes: tuple[int, ...]


_DEFAULT_TRADE = Trade(25, 60, (60, 90, 120))
_TRADES = {
    "clean": Trade(15, 30, (120, 180, 240)),
    "repair": Trade(35, 75, (60, 90, 120)),
    "home": Trade(30, 65, (60, 120, 180)),
    "build": Trade(35, 80, (240, 360, 480)),
    "renov": Trade(35, 80, (240, 360, 480)),
    "garden": Trade(20, 45, (120, 180, 240)),
    "beauty": Trade(25, 70, (30, 45, 60, 90)),
    "wellness": Trade(35, 80, (60, 90)),
    "health": Trade(40, 90, (45, 60)),
    "fitness": Trade(30, 70, (60,)),
    "sport": Trade(30, 70, (60,)),
    "tutor": Trade(18, 50, (60, 90)),
    "lesson": Trade(18, 50, (45, 60, 90)),
    "educat": Trade(18, 50, (60, 90)),
    "music": Trade(20, 55, (45, 60)),
    "tech": Trade(35, 90, (60, 120)),
    "computer": Trade(35, 80, (60, 120)),
    "design": Trade(35, 95, (120, 240)),
    "photo": Trade(60, 150, (60, 120, 240)),
    "event": Trade(45, 130, (120, 240, 360)),
    "legal": Trade(80, 220, (30, 60)),
    "financ": Trade(60, 160, (60, 90)),
    "business": Trade(50, 140, (60, 90)),
    "mov": Trade(40, 90, (120, 240, 360)),
    "transport": Trade(25, 60, (30, 60, 120)),
    "auto": Trade(35, 85, (60, 120)),
    "car": Trade(20, 55, (60, 120, 240)),
    "pet": Trade(12, 35, (30, 60)),
    "child": Trade(12, 28, (120, 180, 240)),
}


def trade_of(*slugs: str) -> Trade:
    """The trade of a category, by the first of its slugs (its own, then its branch's) that has one."""
    for slug in slugs:
        for word, trade in _TRADES.items():
            if any(part.startswith(word) for part in slug.split("-")):
                return trade
    return _DEFAULT_TRADE


TITLES = (
    "{name}",
    "{name} at your place",
    "{name}: first appointment",
    "{name}, evenings and weekends",
    "{name}, with all materials",
    "Express {name}",
    "{name}: the complete package",
    "{name} for small jobs",
)

DESCRIPTIONS = (
    "On time, tidy, and with a clear price before I begin.",
    "Tell me what you need and I bring what it takes. Photos help me to prepare.",
    "More than a hundred happy customers in the neighbourhood. Tools and materials are included.",
    "We talk it over first; nothing is charged that was not agreed.",
    "Careful work for homes and small businesses. A written invoice with every job.",
    "Short-notice appointments are often possible: ask.",
)

HEADLINES = (
    "{name} you can rely on",
    "{name} with care",
    "Your local expert: {name}",
    "{name} since {year}",
    "Friendly and fast: {name}",
    "{name} for homes and offices",
)

ABOUT = (
    "I have worked in this trade for {years} years and still enjoy every day of it.",
    "Trained, insured, and {years} years of practice. References on request.",
    "A family business of {years} years. We answer the same day.",
    "I came to this work by chance {years} years ago and never looked back.",
    "Quality first: I would rather come twice than leave something half done. {years} years of it.",
)

REVIEWS = {
    5: (
        "Excellent. On time, friendly, and the result is perfect.",
        "Could not be happier, will book again.",
        "Exactly as agreed, and everything was left clean.",
        "The best we ever had. Thank you!",
        "",
    ),
    4: (
        "Very good work, only a little late.",
        "Good result and a fair price.",
        "Happy with it. One small thing had to be done twice.",
        "",
    ),
    3: ("All right, but I had expected more for the price.", "Fine in the end, slow to answer.", ""),
    2: ("Came an hour late and was in a hurry.", "Not what was described.", ""),
    1: ("Would not book again.", "The work had to be redone by somebody else."),
}

REVIEWS_OF_CUSTOMERS = (
    "Clear wishes, everything was prepared.",
    "A pleasure to work for.",
    "Friendly, and paid at once.",
    "",
)

STREETS = (
    "Station Road",
    "Market Street",
    "Park Avenue",
    "Mill Lane",
    "Garden Street",
    "River Road",
    "Church Street",
    "Harbour Way",
    "School Lane",
    "Hill Street",
)
