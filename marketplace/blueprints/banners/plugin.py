"""The plugin of banners: what it adds to the program and gives to other domains."""

from marketplace.blueprints.banners.contracts import BannerChanged
from marketplace.blueprints.banners.handlers import jobs
from marketplace.blueprints.banners.policies import CACHE_TOPIC
from marketplace.blueprints.banners.routes import public, staff
from marketplace.blueprints.banners.wiring import Banners, build
from marketplace.plugins import Plugin
from marketplace.web.caching.topics import CacheDrop

PLUGIN = Plugin(
    name="banners",
    requires=("moderation", "accounts", "catalog"),
    blueprints=(public.blp, staff.blp),
    provides={Banners: build},
    gives=(CacheDrop(CACHE_TOPIC, (BannerChanged,)),),
    jobs=jobs,
)
