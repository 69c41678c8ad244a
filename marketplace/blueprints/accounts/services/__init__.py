"""The use cases of accounts; one public method is one transaction, unless it says that it is several."""

from marketplace.blueprints.accounts.services.allowance import PictureAllowance
from marketplace.blueprints.accounts.services.avatar import AvatarService
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.codes import (
    CODE_JOB,
    CodeKeeper,
    CodeLimits,
    CodeService,
    ResetToken,
    Verified,
)
from marketplace.blueprints.accounts.services.contacts import CHANGE_EMAIL_JOB, ContactService
from marketplace.blueprints.accounts.services.credentials import Credentials
from marketplace.blueprints.accounts.services.deletion import (
    ANONYMISE_JOB,
    ANONYMISE_ONE_JOB,
    RESTORE_JOB,
    DeletionService,
)
from marketplace.blueprints.accounts.services.login import LoginService
from marketplace.blueprints.accounts.services.ownership import Ownership
from marketplace.blueprints.accounts.services.passwords import RESET_JOB, PasswordService
from marketplace.blueprints.accounts.services.post import NOTICE_JOB, Post
from marketplace.blueprints.accounts.services.privacy import EXPORT_JOB, ExportService, Sweeper
from marketplace.blueprints.accounts.services.profile import Profile, ProfileService
from marketplace.blueprints.accounts.services.registration import WELCOME_JOB, RegistrationService, SignedUp
from marketplace.blueprints.accounts.services.second_factor import (
    NewFactor,
    RecoveryCodes,
    SecondFactorService,
)
from marketplace.blueprints.accounts.services.sessions import (
    MAX_DEVICE,
    Acting,
    Device,
    SessionService,
    Tokens,
)
from marketplace.blueprints.accounts.services.staff import UserAdministration

__all__ = [
    "ANONYMISE_JOB",
    "ANONYMISE_ONE_JOB",
    "CHANGE_EMAIL_JOB",
    "CODE_JOB",
    "EXPORT_JOB",
    "MAX_DEVICE",
    "NOTICE_JOB",
    "RESET_JOB",
    "RESTORE_JOB",
    "WELCOME_JOB",
    "Acting",
    "AvatarService",
    "Budgets",
    "CodeKeeper",
    "CodeLimits",
    "CodeService",
    "ContactService",
    "Credentials",
    "DeletionService",
    "Device",
    "ExportService",
    "LoginService",
    "NewFactor",
    "Ownership",
    "PasswordService",
    "PictureAllowance",
    "Post",
    "Profile",
    "ProfileService",
    "RecoveryCodes",
    "RegistrationService",
    "ResetToken",
    "SecondFactorService",
    "SessionService",
    "SignedUp",
    "Sweeper",
    "Tokens",
    "UserAdministration",
    "Verified",
]
