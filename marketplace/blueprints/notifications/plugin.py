"""What notifications adds to the program."""

from marketplace.plugins import Plugin

PLUGIN = Plugin(name="notifications")
