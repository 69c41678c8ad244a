"""The loader refuses what cannot work, by name."""

import re
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

import pytest

from marketplace import plugins
from marketplace.config import PLUGIN_ENTRY_POINTS, PROJECT_ROOT
from marketplace.plugins import Plugin, PluginError, in_order, load_plugins
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.runtime import CircularServices, ContributionUnknown, Runtime, ServicesMissing, late


def test_each_comes_after_what_it_requires() -> None:
    found = in_order([Plugin(name="c", requires=("b",)), Plugin(name="a"), Plugin(name="b", requires=("a",))])
    assert [plugin.name for plugin in found] == ["a", "b", "c"]


def test_a_name_that_is_taken() -> None:
    with pytest.raises(PluginError, match="two plugins are named 'orders'"):
        in_order([Plugin(name="orders"), Plugin(name="orders")])


def test_a_requirement_that_is_missing() -> None:
    with pytest.raises(PluginError, match="plugin 'loyalty' requires 'accounts', which is not installed"):
        in_order([Plugin(name="loyalty", requires=("accounts",))])


def test_a_circle() -> None:
    with pytest.raises(PluginError, match="a -> b -> a"):
        in_order([Plugin(name="a", requires=("b",)), Plugin(name="b", requires=("a",))])


def test_an_unknown_version() -> None:
    blueprint = VersionedBlueprint("old", description="An old one")

    @blueprint.get("/old", versions=("v0",))
    def old() -> None:
        """Never served."""

    with pytest.raises(PluginError, match="plugin 'old' has routes for the unknown API version 'v0'"):
        in_order([Plugin(name="old", blueprints=(blueprint,))])


def test_the_built_in_ones_load() -> None:
    assert {plugin.name for plugin in load_plugins()} >= set(plugins.BUILT_IN)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module:PLUGIN", "plugin 'extra' cannot be imported"),
        ("marketplace.plugins:NO_SUCH_NAME", "plugin 'extra' cannot be imported"),
        ("marketplace.plugins:BUILT_IN", "plugin 'extra' is not a marketplace.plugins.Plugin"),
    ],
)
def test_an_entry_point_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    entry = EntryPoint(name="extra", value=value, group=PLUGIN_ENTRY_POINTS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [entry])
    with pytest.raises(PluginError, match=message):
        load_plugins()


class Lamps:
    """Services of a plugin."""


class Candles:
    """Services of another."""


@dataclass(frozen=True)
class Wick:
    """Something that plugins give."""

    name: str


def runtime_of(runtime: Runtime, *plugins: Plugin) -> Runtime:
    provides = {kind: build for plugin in plugins for kind, build in plugin.provides.items()}
    contributions = tuple(one for plugin in plugins for one in plugin.gives)
    return replace(
        runtime, provides=provides, contributions=contributions, services={}, _under_way=[], _asked=set()
    )


def test_services_are_built_once_and_in_any_order(runtime: Runtime) -> None:
    built: list[str] = []

    def lamps(parts: Runtime) -> Lamps:
        parts.get(Candles)
        built.append("lamps")
        return Lamps()

    def candles(_parts: Runtime) -> Candles:
        built.append("candles")
        return Candles()

    parts = runtime_of(
        runtime, Plugin(name="a", provides={Lamps: lamps}), Plugin(name="b", provides={Candles: candles})
    )
    assert parts.get(Lamps) is parts.get(Lamps)
    assert parts.get(Candles) is parts.get(Candles)
    assert built == ["candles", "lamps"]


def test_services_that_need_each_other(runtime: Runtime) -> None:
    parts = runtime_of(
        runtime,
        Plugin(name="a", provides={Lamps: lambda parts: parts.get(Candles)}),
        Plugin(name="b", provides={Candles: lambda parts: parts.get(Lamps)}),
    )
    for _ in range(2):
        with pytest.raises(CircularServices, match="Lamps -> Candles -> Lamps"):
            parts.get(Lamps)


def test_services_that_nobody_provides(runtime: Runtime) -> None:
    parts = runtime_of(runtime, Plugin(name="a", provides={Lamps: lambda parts: parts.get(Candles)}))
    with pytest.raises(ServicesMissing, match="no plugin provides Candles: Lamps -> Candles"):
        parts.get(Lamps)


def test_contributions_come_in_the_order_of_the_plugins(runtime: Runtime) -> None:
    parts = runtime_of(
        runtime, Plugin(name="a", gives=(Wick("x"), "no wick")), Plugin(name="b", gives=(Wick("y"),))
    )
    assert parts.given(Wick) == (Wick("x"), Wick("y"))
    with pytest.raises(ContributionUnknown, match="no wick"):
        parts.check_contributions()
    parts.given(str)
    parts.check_contributions()


def test_a_contribution_that_comes_twice() -> None:
    with pytest.raises(PluginError, match="Wick 'x' comes twice, from plugins 'a' and 'b'"):
        in_order([Plugin(name="a", gives=(Wick("x"),)), Plugin(name="b", gives=(Wick("x"),))])
    with pytest.raises(PluginError, match="Lamps 'Lamps' comes twice, from plugins 'a' and 'b'"):
        in_order(
            [
                Plugin(name="a", provides={Lamps: lambda _: Lamps()}),
                Plugin(name="b", provides={Lamps: lambda _: Lamps()}),
            ]
        )


def test_what_plugins_give_is_found_when_it_is_called() -> None:
    known = {"find": lambda number: number + 1}
    found = late(lambda: known["find"])
    known["find"] = lambda number: number + 2
    assert found(1) == 3


def test_a_domain_requires_what_it_imports() -> None:
    lacking = {}
    for plugin in load_plugins():
        folder = PROJECT_ROOT / "marketplace" / "blueprints" / plugin.name
        imported = {
            name
            for path in folder.rglob("*.py")
            for name in re.findall(r"^from marketplace\.blueprints\.(\w+)", path.read_text(), re.MULTILINE)
        }
        missing = imported - {plugin.name} - set(plugin.requires)
        if missing:
            lacking[plugin.name] = missing
    assert lacking == {}
