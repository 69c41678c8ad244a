"""Background jobs of banners: delete images that no banner shows."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.banners.services.curation import DELETE_IMAGE_JOB
from marketplace.blueprints.banners.wiring import Banners
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

SWEEP_JOB = "catalog.sweep_images"
EVERY_DAY = 24 * 60 * 60.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """Delete files after the commit, and daily those that broken requests left."""
    images = parts.get(Banners).images

    def delete_image(payload: dict[str, Any]) -> None:
        images.delete(payload["key"])

    def sweep(_payload: dict[str, Any]) -> None:
        images.sweep()

    return [
        Job(DELETE_IMAGE_JOB, delete_image, effect=True, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
