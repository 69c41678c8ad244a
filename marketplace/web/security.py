"""Headers that make browsers treat every answer as data, never as a page, a script or a frame."""

from flask import Flask, Response, request

from marketplace.config import Settings

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS = "max-age=31536000"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": API_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every response that has not set its own."""

    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.is_production and request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response

    app.after_request(add_headers)


def page_policy(*style_hashes: str) -> str:
    """The Content-Security-Policy of an HTML page of our own: files of this host only, nothing inline.

    `style_hashes` (`sha256-...`) allow single inline styles that a library makes.
    """
    styles = " ".join(["'self'", *(f"'{value}'" for value in style_hashes)])
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )


PAGE_POLICY = page_policy() + "; require-trusted-types-for 'script'; trusted-types 'none'"
