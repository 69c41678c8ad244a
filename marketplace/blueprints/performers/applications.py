"""Becoming a performer, with an avatar and certificates at once: all of it or nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from marketplace.blueprints.performers import certificate_policies as rules
from marketplace.blueprints.performers.certificate_ports import Allowance, Avatars, NewCertificate
from marketplace.blueprints.performers.certificates import CertificateService
from marketplace.blueprints.performers.errors import AlreadyPerformer, PicturesTooLarge
from marketplace.blueprints.performers.ports import FullProfile
from marketplace.blueprints.performers.services import ProfileService
from marketplace.kernel.errors import Invalid
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

T = TypeVar("T")

MAX_PIXELS = 75_000_000
"""Of all pictures of one application together: six photographs of a phone."""


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
        allowance: Allowance,
    ) -> None:
        self._uow = uow
        self._profiles = profiles
        self._certificates = certificates
        self._avatars = avatars
        self._allowance = allowance

    def prepare(
        self,
        caller: Principal,
        values: Mapping[str, Any],
        avatar: SentFile | None,
        certificates: Sequence[SentFile],
    ) -> Application:
        """Check what was sent, and keep its files once all of them are good. No picture is decoded before all
        of them were looked at and paid for.

        Raises Invalid naming the file or field, AlreadyPerformer, TooManyRequests, StorageFull, Unavailable.
        """
        if avatar is None and not certificates:
            return Application(values)
        if caller.performer_id is not None:
            raise AlreadyPerformer
        with self._uow:
            self._profiles.check(values)
        work = 0 if avatar is None else _named("avatar", partial(self._avatars.look, avatar.stream))
        for number, file in enumerate(certificates):
            work += _named("certificates", partial(self._certificates.look, file.stream), number)
        if work > MAX_PIXELS:
            where = "avatar" if not certificates else "certificates"
            raise PicturesTooLarge(
                "Send smaller ones, or send certificates later, one by one",
                errors={"files": {where: [PicturesTooLarge.title]}},
            )
        self._allowance.spend(caller, work)
        owner = caller.user_id
        picture = (
            None if avatar is None else _named("avatar", partial(self._avatars.encode, avatar.stream, owner))
        )
        documents = [
            (
                rules.title_of(file.filename),
                _named("certificates", partial(self._certificates.take, file.stream, owner), number),
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

    def discard(self, application: Application) -> None:
        """Delete the files of what came to nothing; what is out of reach is swept away later."""
        if application.avatar_key is not None:
            self._avatars.discard(application.avatar_key)
        for new in application.certificates:
            self._certificates.discard(new)

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


def _named(field: str, check: Callable[[], T], number: int | None = None) -> T:
    """What `check` makes of a file. An Invalid says which one it is about."""
    try:
        return check()
    except Invalid as error:
        reasons = [error.title]
        error.data["errors"] = {"files": {field: reasons if number is None else {number: reasons}}}
        raise
