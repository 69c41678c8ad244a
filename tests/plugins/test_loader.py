"""The loader refuses what cannot work, by name."""

from importlib.metadata import EntryPoint

import pytest

from marketplace import plugins
from marketplace.config import PLUGIN_ENTRY_POINTS
from marketplace.plugins import Plugin, PluginError, in_order, load_plugins
from marketplace.web.blueprint import VersionedBlueprint


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
