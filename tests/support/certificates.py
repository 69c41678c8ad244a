"""What tests of certificates share: files, and how they are sent."""

import io
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image

from marketplace.testing import CheckedClient

OWN = "/api/v1/performers/me/certificates"
STAFF = "/api/v1/admin/certificates"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
VALUES = {"title": "Master craftsman", "issued_on": "2020-03-01", "expires_on": "2027-03-01"}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


def form(content: bytes = PDF, name: str = "paper.pdf", **values: Any) -> dict[str, Any]:
    """A multipart body; a value of None leaves the field out."""
    given = {**VALUES, **values}
    fields = {key: value for key, value in given.items() if value is not None}
    return {**fields, "file": (io.BytesIO(content), name)}


def send(
    client: CheckedClient,
    headers: dict[str, str],
    content: bytes = PDF,
    name: str = "paper.pdf",
    **values: Any,
) -> Any:
    return client.post(
        OWN, data=form(content, name, **values), content_type="multipart/form-data", headers=headers
    )


def stored(app: Flask) -> list[Path]:
    """Every file of a certificate, whole or not."""
    return sorted((Path(app.instance_path) / "uploads" / "private" / "certificates").glob("*"))
