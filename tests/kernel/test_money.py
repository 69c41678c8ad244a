"""Money adds, splits and rounds without losing a unit."""

import pytest
from babel.core import get_global

from marketplace.kernel.money import CURRENCIES, Money


@pytest.mark.parametrize(
    ("currency", "exponent"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XCG", 2)]
)
def test_exponent(currency, exponent):
    assert Money(1, currency).exponent == exponent


@pytest.mark.parametrize("amount", [1.5, True, "1", None])
def test_amount_is_a_whole_number(amount):
    with pytest.raises(TypeError):
        Money(amount, "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "XAU", "EURO", "ANG", "BGN", "HRK", "SLL"])
def test_currency_is_in_circulation(currency):
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


def test_what_people_pay_with_is_there():
    """By CLDR, which dates what ISO 4217 lists, as of the day of our list."""
    in_use = {
        code
        for used in get_global("territory_currencies").values()
        for code, _start, end, tender in used
        if tender and (end is None or end > (2026, 1, 1))
    }
    # Older editions do not know yet that Bulgaria has the euro.
    assert in_use - {"BGN"} <= CURRENCIES
    assert CURRENCIES - in_use <= {"CLF", "SVC", "UYI", "UYW", "VED"}


def test_arithmetic():
    assert Money(5, "EUR") + Money(7, "EUR") == Money(12, "EUR")
    assert Money(5, "EUR") - Money(7, "EUR") == Money(-2, "EUR")
    assert Money(5, "EUR") < Money(7, "EUR")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__"])
def test_currencies_do_not_mix(operation):
    with pytest.raises(ValueError, match="cannot combine EUR with USD"):
        getattr(Money(1, "EUR"), operation)(Money(1, "USD"))


@pytest.mark.parametrize(
    ("amount", "part", "expected"),
    [(5, (1, 2), 2), (7, (1, 2), 4), (1, (1, 3), 0), (2, (2, 3), 1), (100, (15, 100), 15), (-5, (1, 2), -2)],
)
def test_share_rounds_half_to_even(amount, part, expected):
    assert Money(amount, "USD").share(*part) == Money(expected, "USD")
