"""What tests of disputes share: files, and how they are sent."""

import io
from pathlib import Path
from typing import Any

from flask import Flask

from tests.support.certificates import PDF


def form(content: bytes = PDF, name: str = "proof.pdf", **values: Any) -> dict[str, Any]:
    """A multipart body of a piece of evidence."""
    return {**values, "file": (io.BytesIO(content), name)}


def send(client: Any, headers: dict[str, str], order_id: int, content: bytes = PDF, **values: Any) -> Any:
    return client.post(
        f"/api/v1/orders/{order_id}/evidence",
        data=form(content, **values),
        content_type="multipart/form-data",
        headers=headers,
    )


def stored(app: Flask) -> list[Path]:
    """Every file of evidence, whole or not."""
    return sorted((Path(app.instance_path) / "uploads" / "private" / "evidence").glob("*"))
