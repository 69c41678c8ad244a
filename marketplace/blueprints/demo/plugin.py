"""The plugin of the demo: what it adds to the program and gives to other domains."""

from marketplace.blueprints.demo.cli import commands
from marketplace.blueprints.demo.wiring import Demo, build, find_logins
from marketplace.plugins import Plugin
from marketplace.web.pages.contributions import DemoLogins

PLUGIN = Plugin(
    name="demo",
    requires=("accounts",),
    provides={Demo: build},
    gives=(DemoLogins(find_logins),),
    commands=(commands,),
)
