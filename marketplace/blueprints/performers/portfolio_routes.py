"""The REST entry points of the own portfolio."""

from typing import Any

from marketplace.blueprints.performers import portfolio_schemas as schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.portfolio_ports import OwnPicture, StoredPicture
from marketplace.blueprints.performers.wiring import performers
from marketplace.web.access import current_principal, performer
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent_after
from marketplace.web.limits import caller_key, limit


def _store(data: dict[str, Any]) -> StoredPicture:
    return performers().portfolio.own.store(current_principal(), data["file"].stream, data["caption"])


def _discard(stored: StoredPicture) -> None:
    performers().portfolio.own.discard(stored)


@blp.post("/performers/me/portfolio")
@performer
@limit("60/hour", key=caller_key)
@blp.problem(409, "`portfolio_full`")
@blp.problem(422, "`validation_failed`, `not_a_picture`, `picture_too_large`")
@blp.problem(429, "`too_many_requests`, `pictures_at_once`; `pictures_spent` until tomorrow")
@blp.problem(507, "`storage_full`")
@blp.arguments(schemas.NewPortfolioImage, location="form")
@idempotent_after(_store, _discard)
@blp.response(201, schemas.OwnPortfolioImage)
@tagged("image")
def add_portfolio_image(stored: StoredPicture) -> OwnPicture:
    """Put a picture at the end of the own portfolio, which holds at most 30; its thumbnail follows"""
    return performers().portfolio.own.add(current_principal(), stored)


@blp.get("/performers/me/portfolio")
@performer
@blp.response(200, schemas.OwnPortfolio)
def list_portfolio() -> dict[str, list[OwnPicture]]:
    """The own portfolio, in its order"""
    return {"items": performers().portfolio.own.list_own(current_principal())}


@blp.put("/performers/me/portfolio/order")
@performer
@blp.arguments(schemas.PortfolioOrder)
@blp.response(200, schemas.OwnPortfolio)
def order_portfolio(data: dict[str, Any]) -> dict[str, list[OwnPicture]]:
    """Give the own pictures another order"""
    return {"items": performers().portfolio.own.reorder(current_principal(), data["ids"])}


@blp.get("/performers/me/portfolio/<int:image_id>")
@performer
@blp.response(200, schemas.OwnPortfolioImage)
@tagged("image")
def get_portfolio_image(image_id: int) -> OwnPicture:
    """A picture of the own portfolio"""
    return performers().portfolio.own.get_own(current_principal(), image_id)


@blp.patch("/performers/me/portfolio/<int:image_id>")
@performer
@editable("image")
@blp.arguments(schemas.PortfolioImagePatch)
@blp.response(200, schemas.OwnPortfolioImage)
@tagged("image")
def update_portfolio_image(data: dict[str, Any], image_id: int) -> OwnPicture:
    """Change the caption of a picture"""
    return performers().portfolio.own.set_caption(current_principal(), image_id, data["caption"], if_match())


@blp.delete("/performers/me/portfolio/<int:image_id>")
@performer
@editable("image")
@blp.response(204)
def remove_portfolio_image(image_id: int) -> None:
    """Take a picture out of the own portfolio"""
    performers().portfolio.own.remove(current_principal(), image_id, if_match())
