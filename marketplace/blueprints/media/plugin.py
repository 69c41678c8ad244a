"""The plugin of media: what it adds to the program and gives to other domains."""

from marketplace.blueprints.media.routes import blp
from marketplace.plugins import Plugin

PLUGIN = Plugin(name="media", root=(blp,))
