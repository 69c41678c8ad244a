"""Routes of stored files: public ones, and private ones by a signed link."""

import re
from datetime import timedelta

from flask import Blueprint, Response, redirect, request

from marketplace.blueprints.media import schemas
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import MEDIA_PATH
from marketplace.outside.private_files import PATH
from marketplace.web.access import public
from marketplace.web.hardened.parsing import HardenedParser
from marketplace.web.runtime import runtime

blp = Blueprint("media", __name__)

LINK_LIFE = timedelta(hours=1)
_PARSER = HardenedParser()
# Only names that this program makes, so that no path leaves the folder.
_KEY = re.compile(r"[a-z]+/[0-9a-f]{32}\.webp")


@blp.get(f"{MEDIA_PATH}<path:key>")
@public
def media(key: str) -> Response:
    """A picture: from here, or by redirection to where it is stored."""
    parts = runtime().outside
    if not _KEY.fullmatch(key) or not parts.public_files.is_public(key):
        raise NotFound
    store = parts.files
    url = store.signed_url(key, LINK_LIFE)
    if url is not None:
        answer = redirect(url)
        assert isinstance(answer, Response)
        answer.headers["Cache-Control"] = f"public, max-age={int(LINK_LIFE.total_seconds()) // 2}"
        return answer
    content = store.get(key)
    if content is None:
        raise NotFound
    response = Response(content, content_type="image/webp")
    # A new picture gets a new name, so this one never changes.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = "attachment"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@blp.get(PATH)
@public
def private_file() -> Response:
    """A file that a signed link opens: always from here, so that a link whose right is over opens nothing,
    and as an attachment that no browser looks into.
    """
    query = _PARSER.parse(schemas.FileLink(), request, location="query")
    found, content = runtime().outside.private_files.open(query["token"])
    response = Response(content, content_type=found.content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response


private_file.locations = {"query"}  # type: ignore[attr-defined]  # functions carry attributes
