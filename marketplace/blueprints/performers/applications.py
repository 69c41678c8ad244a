"""Becoming a performer, with an avatar and certificates at once: all of it or nothing."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from marketplace.blueprints.performers import certificate_policies as rules
from marketplace.blueprints.performers.certificate_ports import Avatars, NewCertificate
from marketplace.blueprints.performers.certificates import CertificateService
from marketplace.blueprints.performers.errors import AlreadyPerformer
from marketplace.blueprints.performers.ports import FullProfile
from marketplace.blueprints.performers.services import ProfileService
from marketplace.kernel.errors import Invalid
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class SentFile(Protocol):
    """A file as it came."""

    @property
    def filename(self) -> str | None: ...

    @property
    def stream(self) -> Any: ...


@dataclass(frozen=True)
class Application:
    """What somebody applies with; the files are stored already."""

    values: Mapping[str, Any]
    avatar_key: str | None = None
    certificates: Sequence[NewCertificate] = ()


class ApplicationService:
    """Files first, outside of a transaction; then the profile with all that belongs to it, in one."""

    def __init__(
        self,
        uow: UnitOfWork,
        profiles: ProfileService,
        certificates: CertificateService,
        avatars: Avatars,
    ) -> None:
        self._uow = uow
        self._profiles = profiles
        self._certificates = certificates
        self._avatars = avatars

    def prepare(
        self,
        caller: Principal,
        values: Mapping[str, Any],
        avatar: SentFile | None,
        certificates: Sequence[SentFile],
    ) -> Application:
        """Check what was sent, and keep its files once all of them are good.

        Raises Invalid naming the file or field, AlreadyPerformer, StorageFull, Unavailable.
        """
        if avatar is None and not certificates:
            return Application(values)
        if caller.performer_id is not None:
            raise AlreadyPerformer
        self._profiles.check(values)
        picture = None if avatar is None else _named("avatar", self._avatars.encode, avatar.stream)
        documents = [
            (
                rules.title_of(file.filename),
                _named("certificates", self._certificates.take, file.stream, number),
            )
            for number, file in enumerate(certificates)
        ]
        with ExitStack() as undo:
            key = None if picture is None else self._avatars.store(picture)
            if key is not None:
                undo.callback(self._avatars.discard, key)
            kept = []
            for title, document in documents:
                kept.append(self._certificates.store(document, {"title": title}))
                undo.callback(self._certificates.discard, kept[-1])
            undo.pop_all()
        return Application(values, avatar_key=key, certificates=kept)

    def apply(self, caller: Principal, application: Application, language: str) -> FullProfile:
        """A new profile that waits for staff, as its certificates do; the avatar shows at once.

        Raises what `ProfileService.apply` raises.
        """
        with self._uow:
            if application.avatar_key is not None:
                self._avatars.show(caller, application.avatar_key)
            profile = self._profiles.apply(caller, application.values, language)
            self._certificates.add_to(profile.id, caller.user_id, application.certificates)
            return profile


def _named(field: str, check: Any, stream: BinaryIO, number: int | None = None) -> Any:
    """What `check` makes of a file. An Invalid says which one it is about."""
    try:
        return check(stream)
    except Invalid as error:
        reasons = [error.title]
        error.data["errors"] = {"files": {field: reasons if number is None else {number: reasons}}}
        raise
