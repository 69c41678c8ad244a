"""Senders, files and pictures, for other domains."""

from marketplace.blueprints.integrations.pictures import CONTENT_TYPE, Pictures
from marketplace.blueprints.integrations.ports import FileStore, Mailer, SmsSender, StoredFile
from marketplace.blueprints.integrations.wiring import Integrations
from marketplace.web.runtime import Runtime

__all__ = [
    "CONTENT_TYPE",
    "FileStore",
    "Mailer",
    "Pictures",
    "SmsSender",
    "StoredFile",
    "files",
    "mailer",
    "pictures",
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
