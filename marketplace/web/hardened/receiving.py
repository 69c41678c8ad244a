"""Reads a request's whole body before the database is asked for its sender.

A body may take as long as its sender likes. Until it has arrived, only the thread is held; and it is
processed with the rights that its sender has by then.
"""

from flask import current_app, request

from marketplace.web.hardened.requests import read_body

FORMS = {"form", "files", "json_or_form"}


def receive() -> None:
    """Read the body as the route will, and no more than it accepts: a form's files into spooled files, all
    else into memory.

    Raises TooLarge, Malformed or UnsupportedMedia.
    """
    if request.endpoint is None or request.routing_exception is not None or request.method == "OPTIONS":
        return
    view = current_app.view_functions[request.endpoint]
    if request.mimetype == "multipart/form-data" and FORMS.intersection(getattr(view, "locations", ())):
        # Parsed at the first access, and kept.
        request.files  # noqa: B018 - the access is the purpose
    else:
        read_body(request)
