"""The addresses of stored files that everybody may see."""

MEDIA_PATH = "/media/"


def media_url(key: str | None) -> str | None:
    """The address of the file with this key; None without a key."""
    return None if key is None else MEDIA_PATH + key


def media_key(url: str | None) -> str | None:
    """The key of the file at an address that `media_url` made."""
    return None if url is None else url.removeprefix(MEDIA_PATH)
