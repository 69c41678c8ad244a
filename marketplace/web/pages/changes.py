"""/api/docs/changes: what differs between versions and between releases, as `make contract` tells."""

import re
from pathlib import Path

from marketplace.web.pages.serving import Page

SOURCE = Path(__file__).resolve().parent / "changes.md"


def changes_page() -> Page:
    """The page, without the marks of the script that writes it."""
    return Page(re.sub(r"<!--.*?-->\n?", "", SOURCE.read_text(encoding="utf-8"), flags=re.DOTALL))
