"""Parses multipart forms strictly: refuses broken ones, and spools files to TMPDIR while there is room."""

import errno
import logging
from contextlib import ExitStack, suppress
from typing import IO, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from marketplace.kernel.errors import Malformed, StorageFull, TooLarge, Unavailable

log = logging.getLogger(__name__)


class StrictFormParser(FormDataParser):
    """Refuses a broken or too large form; werkzeug's own parser would pass on an empty one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.silent = False
        make, self._files = self.stream_factory, list[IO[bytes]]()

        def kept(*given: Any, **named: Any) -> IO[bytes]:
            self._files.append(make(*given, **named))
            return self._files[-1]

        self.stream_factory = kept

    def parse(self, *args: Any, **options: Any) -> Any:
        """Called by werkzeug at the first use of `form` or `files`.

        Raises Malformed, TooLarge, StorageFull, Unavailable; parts of files that had arrived are dropped.
        """
        with ExitStack() as undo:
            undo.callback(self._forget)
            try:
                found = super().parse(*args, **options)
            except RequestEntityTooLarge:
                raise TooLarge from None
            except ValueError:
                raise Malformed("The form cannot be read.") from None
            except OSError as error:
                # Errors of the network are Malformed already, by `parsing.py`: this one is of TMPDIR, where
                # files of more than 500 kB wait for the view.
                log.warning("a file cannot be kept while it arrives", extra={"reason": error.strerror})
                if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                    raise StorageFull from None
                raise Unavailable("Files cannot be taken right now; try again in a moment") from None
            undo.pop_all()
            return found

    def _forget(self) -> None:
        for file in self._files:
            # When there is no room, it cannot write the rest of its buffer.
            with suppress(OSError):
                file.close()
