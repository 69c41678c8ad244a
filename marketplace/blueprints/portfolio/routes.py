"""Routes of the own portfolio."""

from typing import Any

from marketplace.blueprints.portfolio import schemas
from marketplace.blueprints.portfolio.ports import OwnPicture, StoredPicture
from marketplace.blueprints.portfolio.wiring import portfolio
from marketplace.web.access import current_principal, performer
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent_after
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit

blp = VersionedBlueprint(
    "portfolio", description="Pictures of your finished work, which your public profile shows.", rank=55
)


def _store(data: dict[str, Any]) -> StoredPicture:
    return portfolio().own.store(current_principal(), data["file"].stream, data["caption"])


def _discard(stored: StoredPicture) -> None:
    portfolio().own.discard(stored)


@blp.post("/performers/me/portfolio")
@performer
@limit("60/hour", key=caller_key)
@blp.problems(
    "portfolio_full",
    "not_a_picture",
    "picture_too_large",
    "pictures_at_once",
    "pictures_spent",
    "storage_full",
)
@blp.arguments(schemas.NewPortfolioImage, location="form")
@idempotent_after(_store, _discard)
@blp.response(201, schemas.OwnPortfolioImage)
@tagged("image")
def add_portfolio_image(stored: StoredPicture) -> OwnPicture:
    """Add a picture to your portfolio

    It comes last and is public with your profile at once; until staff has approved you, its links open for
    you alone, for 10 to 20 minutes. The picture is encoded anew, without the data that cameras add, and a
    thumbnail follows in seconds. You have at most 30 pictures (`portfolio_full`); send them one after the
    other (`pictures_at_once`).
    """
    return portfolio().own.add(current_principal(), stored)


@blp.get("/performers/me/portfolio")
@performer
@blp.response(200, schemas.OwnPortfolio)
def list_portfolio() -> dict[str, list[OwnPicture]]:
    """List your portfolio

    You get all pictures in the order in which your profile shows them.
    """
    return {"items": portfolio().own.list_own(current_principal())}


@blp.put("/performers/me/portfolio/order")
@performer
@blp.arguments(schemas.PortfolioOrder)
@blp.response(200, schemas.OwnPortfolio)
def order_portfolio(data: dict[str, Any]) -> dict[str, list[OwnPicture]]:
    """Reorder your portfolio

    You name all your pictures in the new order. When one is missing or unknown, the answer is
    `validation_failed`: list the portfolio again, as it may have changed.
    """
    return {"items": portfolio().own.reorder(current_principal(), data["ids"])}


@blp.get("/performers/me/portfolio/<int:image_id>")
@performer
@blp.response(200, schemas.OwnPortfolioImage)
@tagged("image")
def get_portfolio_image(image_id: int) -> OwnPicture:
    """Get a picture of your portfolio

    Its ETag is the version that an edit wants.
    """
    return portfolio().own.get_own(current_principal(), image_id)


@blp.patch("/performers/me/portfolio/<int:image_id>")
@performer
@editable("image")
@blp.arguments(schemas.PortfolioImagePatch)
@blp.response(200, schemas.OwnPortfolioImage)
@tagged("image")
def update_portfolio_image(data: dict[str, Any], image_id: int) -> OwnPicture:
    """Update the caption of a picture

    Your profile shows the new caption at once.
    """
    return portfolio().own.set_caption(current_principal(), image_id, data["caption"], if_match())


@blp.delete("/performers/me/portfolio/<int:image_id>")
@performer
@editable("image")
@blp.response(204)
def remove_portfolio_image(image_id: int) -> None:
    """Delete a picture from your portfolio

    The files of the picture are deleted too; this cannot be undone.
    """
    portfolio().own.remove(current_principal(), image_id, if_match())
