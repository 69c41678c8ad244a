"""Reads a request's whole body before anybody asks the database who sent it.

A body may take as long as its sender likes. Until it is here nothing is held but the thread; and what is done
with it is done with the rights that its sender has by then.
"""

from flask import current_app, request

from marketplace.web.parsing import read_body

FORMS = {"form", "files", "json_or_form"}


def receive() -> None:
    """Read the body as the route will, and no more than it takes: a form's files into spooled files, all else
    into memory.

    Raises TooLarge, Malformed or UnsupportedMedia.
    """
    if request.endpoint is None or request.routing_exception is not None or request.method == "OPTIONS":
        return
    view = current_app.view_functions[request.endpoint]
    if request.mimetype == "multipart/form-data" and FORMS.intersection(getattr(view, "locations", ())):
        # Parsed at the first look, and kept.
        request.files  # noqa: B018 - the look is what is wanted
    else:
        read_body(request)
