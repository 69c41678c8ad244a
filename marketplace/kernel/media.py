"""The addresses of stored files that everybody may see."""

MEDIA_PATH = "/media/"


def media_url(key: str | None) -> str | None:
    """Where the file with this key is served; None without one."""
    return None if key is None else MEDIA_PATH + key


def media_key(url: str | None) -> str | None:
    """The key of a file by its address, as `media_url` made it."""
    return None if url is None else url.removeprefix(MEDIA_PATH)
