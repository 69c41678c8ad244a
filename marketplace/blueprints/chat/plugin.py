"""What chat adds to the program."""

from marketplace.plugins import Plugin

PLUGIN = Plugin(name="chat")
