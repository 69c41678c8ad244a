"""The plugin of onboarding: what it adds to the program and gives to other domains."""

from marketplace.blueprints.onboarding.routes import blp
from marketplace.blueprints.onboarding.wiring import Onboarding, build
from marketplace.plugins import Plugin

PLUGIN = Plugin(
    name="onboarding",
    requires=("accounts", "performers", "certificates"),
    blueprints=(blp,),
    provides={Onboarding: build},
)
