"""Senders, files and pictures, for other domains."""

from marketplace.blueprints.integrations.documents import MAX_BYTES as MAX_DOCUMENT_BYTES
from marketplace.blueprints.integrations.documents import Documents
from marketplace.blueprints.integrations.pictures import CONTENT_TYPE, Pictures
from marketplace.blueprints.integrations.ports import (
    Document,
    FileStore,
    Mailer,
    PrivateFile,
    SmsSender,
    StoredFile,
)
from marketplace.blueprints.integrations.private_files import FOLDER as PRIVATE_FOLDER
from marketplace.blueprints.integrations.private_files import PrivateFiles
from marketplace.blueprints.integrations.public_files import PublicFiles
from marketplace.blueprints.integrations.wiring import Integrations
from marketplace.web.runtime import Runtime

__all__ = [
    "CONTENT_TYPE",
    "MAX_DOCUMENT_BYTES",
    "PRIVATE_FOLDER",
    "Document",
    "Documents",
    "FileStore",
    "Mailer",
    "Pictures",
    "PrivateFile",
    "PrivateFiles",
    "PublicFiles",
    "SmsSender",
    "StoredFile",
    "documents",
    "files",
    "mailer",
    "pictures",
    "private_files",
    "public_files",
    "sms",
]


def mailer(parts: Runtime) -> Mailer:
    """The program's mailer."""
    return parts.get(Integrations).mailer


def sms(parts: Runtime) -> SmsSender:
    """The program's sender of text messages."""
    return parts.get(Integrations).sms


def files(parts: Runtime) -> FileStore:
    """Where the program keeps files."""
    return parts.get(Integrations).files


def pictures(parts: Runtime) -> Pictures:
    """What checks pictures and encodes them anew."""
    return parts.get(Integrations).pictures


def documents(parts: Runtime) -> Documents:
    """What checks documents: pictures and PDFs."""
    return parts.get(Integrations).documents


def private_files(parts: Runtime) -> PrivateFiles:
    """Signed links to files that not everybody may see; keep those below `PRIVATE_FOLDER`."""
    return parts.get(Integrations).private_files


def public_files(parts: Runtime) -> PublicFiles:
    """Say here which files of your folder everybody may see."""
    return parts.get(Integrations).public_files
