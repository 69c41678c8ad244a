"""Log-in: a password, and a second factor where there is one."""

from marketplace.blueprints.accounts.errors import AccountBlocked, CodeRequired
from marketplace.blueprints.accounts.services.credentials import Credentials
from marketplace.blueprints.accounts.services.second_factor import SecondFactorService
from marketplace.blueprints.accounts.services.sessions import Device, SessionService, Tokens
from marketplace.kernel.transactions import UnitOfWork


class LoginService:
    """Uses several transactions, so that counts are kept when the log-in fails."""

    def __init__(
        self,
        uow: UnitOfWork,
        credentials: Credentials,
        factors: SecondFactorService,
        sessions: SessionService,
    ) -> None:
        self._uow = uow
        self._credentials = credentials
        self._factors = factors
        self._sessions = sessions

    def login(self, login: str, password: str, device: Device, code: str | None = None) -> Tokens:
        """Raises InvalidCredentials, TooManyTries; for a right password also AccountBlocked, CodeRequired,
        InvalidCode.
        """
        proof = self._credentials.prove(login, password, device.ip)
        proven = self._factors.is_on(proof.user_id)
        if proven:
            if code is None:
                raise CodeRequired
            self._factors.prove(proof.user_id, code)
        with self._uow:
            user = self._credentials.accept(proof)
            if not user.is_active:
                raise AccountBlocked
            if not proven and self._factors.is_on(user.id):
                # The factor was switched on in the meantime, and this session would not have proven it.
                raise CodeRequired
            return self._sessions.open(user.id, device)
