"""Applications to become a performer, with an avatar and certificates: all is stored, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from marketplace.blueprints.accounts.contracts import Avatars, PictureAllowance
from marketplace.blueprints.certificates.contracts import CertificateIntake, NewCertificate
from marketplace.blueprints.onboarding.errors import PicturesTooLarge
from marketplace.blueprints.onboarding.ports import SentFile
from marketplace.blueprints.performers.contracts import FullProfile, NewProfiles
from marketplace.kernel.errors import Invalid
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

T = TypeVar("T")

MAX_PIXELS = 75_000_000
"""The limit for all pictures of one application together: six photographs of a phone."""


@dataclass(frozen=True)
class Application:
    """An application; its files are already stored."""

    values: Mapping[str, Any]
    avatar_key: str | None = None
    certificates: Sequence[NewCertificate] = ()


class ApplicationService:
    """Stores files first, outside of a transaction; then, in one transaction, the profile with all that
    belongs to it.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        profiles: NewProfiles,
        certificates: CertificateIntake,
        avatars: Avatars,
        allowance: PictureAllowance,
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
        """Check what was sent, and store its files once all of them are good. No picture is decoded before
        all of them were checked and paid for.

        Raises Invalid naming the file or field, AlreadyPerformer, TooManyRequests, StorageFull, Unavailable.
        """
        if avatar is None and not certificates:
            return Application(values)
        self._profiles.check(caller, values)
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
                file.filename,
                _named("certificates", partial(self._certificates.take, file.stream, owner), number),
            )
            for number, file in enumerate(certificates)
        ]
        with ExitStack() as undo:
            key = None if picture is None else self._avatars.store(picture)
            if key is not None:
                undo.callback(self._avatars.discard, key)
            kept = []
            for name, document in documents:
                kept.append(self._certificates.store(document, name))
                undo.callback(self._certificates.discard, kept[-1])
            undo.pop_all()
        return Application(values, avatar_key=key, certificates=kept)

    def discard(self, application: Application) -> None:
        """Delete the files of a failed application; if the storage is out of reach, the sweep deletes them
        later.
        """
        if application.avatar_key is not None:
            self._avatars.discard(application.avatar_key)
        for new in application.certificates:
            self._certificates.discard(new)

    def apply(self, caller: Principal, application: Application, language: str) -> FullProfile:
        """Create a profile that waits for staff, as its certificates do; the avatar is shown at once.

        Raises what `NewProfiles.apply` raises.
        """
        with self._uow:
            if application.avatar_key is not None:
                self._avatars.show(caller, application.avatar_key)
            profile = self._profiles.apply(caller, application.values, language)
            self._certificates.add_to(profile.id, caller.user_id, application.certificates)
            return profile


def _named(field: str, check: Callable[[], T], number: int | None = None) -> T:
    """The result of `check` for a file. An Invalid that it raises gets the name of the file's field."""
    try:
        return check()
    except Invalid as error:
        reasons = [error.title]
        error.data["errors"] = {"files": {field: reasons if number is None else {number: reasons}}}
        raise
