"""Shows banners, and lets staff curate them; each edit is audited."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from marketplace.blueprints.banners.contracts import BannerChanged
from marketplace.blueprints.banners.errors import InvalidBanner
from marketplace.blueprints.banners.ports import BannerPlace, BannerRepository, ShownBanners
from marketplace.blueprints.banners.services.images import BannerFiles
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.changes import apply, attributes, before_and_after, check_version, diff, snapshot
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import MEDIA_PATH, media_key, media_url
from marketplace.kernel.pages import PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Banner

DELETE_IMAGE_JOB = "catalog.delete_image"
FIELDS = attributes(
    "placement",
    "title",
    "image_url",
    "link_url",
    "city_id",
    "priority",
    "starts_at",
    "ends_at",
    "is_active",
)


class BannerCuration:
    """Shows banners to the public; lets staff create, change and delete them."""

    def __init__(
        self,
        uow: UnitOfWork,
        banners: BannerRepository,
        audit: AuditLog,
        city_exists: Callable[[int], bool],
        files: BannerFiles,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._banners = banners
        self._audit = audit
        self._city_exists = city_exists
        self._files = files
        self._clock = clock

    def list_shown(self, page: PageRequest, place: BannerPlace) -> ShownBanners:
        """The banners of this moment, the most important first."""
        now = self._clock.now()
        found = self._banners.list_shown(page, place, now)
        return ShownBanners(found, self._banners.next_change(place, now))

    def create(self, actor: Principal, values: Mapping[str, Any]) -> Banner:
        """Raises InvalidBanner for an empty period or a city that does not exist."""
        with self._uow:
            banner = Banner(**values)
            self._check(banner, values)
            self._banners.add(banner)
            self._tell("banner.created", actor, banner, after=snapshot(banner, FIELDS))
            return banner

    def update(
        self, actor: Principal, banner_id: int, values: Mapping[str, Any], expected: int | None
    ) -> Banner:
        """Edit a banner; an uploaded image that is no longer shown is deleted. Raises NotFound,
        PreconditionFailed, InvalidBanner.
        """
        with self._uow:
            banner = self._banners.get(banner_id, lock=True)
            check_version(banner.version, expected)
            changes = diff(banner, values, FIELDS)
            if changes:
                self._check(banner, {change.field: change.new for change in changes})
                apply(banner, changes, FIELDS)
                before, after = before_and_after(changes)
                self._drop(before.get("image_url"))
                self._tell("banner.changed", actor, banner, before=before, after=after)
            return banner

    def set_image(self, actor: Principal, banner_id: int, picture: BinaryIO, expected: int | None) -> Banner:
        """Show `picture`. No transaction is open while it is encoded and stored.

        Raises NotFound, PreconditionFailed, NotAPicture, PictureTooLarge, TooManyRequests, StorageFull,
        Unavailable.
        """
        key = self._files.store(actor, picture)
        try:
            return self.update(actor, banner_id, {"image_url": media_url(key)}, expected)
        except Unavailable:
            # It is unknown whether the file was stored, so it is left to the sweep.
            raise
        except AppError:
            with suppress(Unavailable):
                self._files.delete(key)
            raise

    def delete(self, actor: Principal, banner_id: int, expected: int | None) -> None:
        """Delete the banner and its uploaded image. Raises NotFound, PreconditionFailed."""
        with self._uow:
            banner = self._banners.get(banner_id, lock=True)
            check_version(banner.version, expected)
            before = snapshot(banner, FIELDS)
            self._banners.delete(banner)
            self._drop(before["image_url"])
            self._tell("banner.deleted", actor, banner, before=before)

    def _check(self, banner: Banner, values: Mapping[str, Any]) -> None:
        problems: dict[str, list[str]] = {}
        starts_at, ends_at = values.get("starts_at", banner.starts_at), values.get("ends_at", banner.ends_at)
        if starts_at is not None and ends_at is not None and ends_at <= starts_at:
            problems["ends_at"] = [Text("This must be after starts_at.")]
        city_id = values.get("city_id")
        if city_id is not None and not self._city_exists(city_id):
            problems["city_id"] = [Text("There is no such city.")]
        if problems:
            raise InvalidBanner(errors={"json": problems})

    def _drop(self, url: str | None) -> None:
        if url is not None and url.startswith(MEDIA_PATH):
            # A job, so that the file is deleted after the commit or not at all.
            self._uow.enqueue(DELETE_IMAGE_JOB, {"key": media_key(url)})

    def _tell(
        self, action: str, actor: Principal, banner: Banner, *, before: Any = None, after: Any = None
    ) -> None:
        self._audit.write(action, "banner", banner.id, actor=actor, before=before, after=after)
        self._uow.record(BannerChanged(banner_id=banner.id))
