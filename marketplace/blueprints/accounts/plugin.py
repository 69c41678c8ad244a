"""The plugin of accounts: what it adds to the program and gives to other domains."""

from marketplace.blueprints.accounts.changes import SUBJECT
from marketplace.blueprints.accounts.cli import commands
from marketplace.blueprints.accounts.contracts import MailTopic
from marketplace.blueprints.accounts.errors import CONSTRAINTS
from marketplace.blueprints.accounts.handlers import handlers, jobs
from marketplace.blueprints.accounts.messages import MAILS, PATHS
from marketplace.blueprints.accounts.routes import access, own, staff
from marketplace.blueprints.accounts.routes.blueprint import blp, staff_blp
from marketplace.blueprints.accounts.services.staff import ACTIVE, BLOCKED
from marketplace.blueprints.accounts.wiring import (
    AVATAR,
    AVATARS,
    MODERATED_FIELDS,
    Accounts,
    accounts,
    build,
    record_changed,
    waiting_avatar,
)
from marketplace.blueprints.moderation.contracts import BulkAction, ModeratedSubject
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter
from marketplace.outside.ports import PrivateKind, PublicFolder
from marketplace.plugins import Plugin
from marketplace.web.pages.contributions import TokenCall
from marketplace.web.runtime import Authenticator, late

ROUTES = (access, own, staff)
"""The modules that fill the blueprints."""

PLUGIN = Plugin(
    name="accounts",
    requires=("moderation",),
    blueprints=(blp, staff_blp),
    provides={Accounts: build, Authenticator: lambda parts: parts.get(Accounts).sessions},
    gives=(
        *(MailTopic(name, letters, PATHS.get(name, "")) for name, letters in MAILS.items()),
        TokenCall("welcome", "/user/email/verify"),
        TokenCall("reset_password", "/user/password/reset", {"password": "Correct-Horse-8"}),
        TokenCall("account_deleted", "/user/restore"),
        ModeratedSubject(
            SUBJECT,
            fields=MODERATED_FIELDS,
            store=lambda: accounts().users,
            changed=record_changed,
        ),
        BulkAction("users", (ACTIVE, BLOCKED), decision=lambda: accounts().staff),
        Counter("sign_ups", late(lambda: accounts().numbers.sign_ups)),
        PrivateKind(AVATAR, find=waiting_avatar),
        PublicFolder(AVATARS, is_shown=late(lambda: accounts().avatars.is_shown)),
        ExportSection(
            "profile",
            collect=late(lambda: accounts().records.profile),
            files=late(lambda: accounts().records.files),
        ),
        ExportSection("sessions", late(lambda: accounts().records.sessions)),
        ExportSection("mailed_tokens", late(lambda: accounts().records.mailed_tokens)),
        ExportSection("texted_codes", late(lambda: accounts().records.texted_codes)),
        Erasure("account", late(lambda: accounts().deletion.empty)),
    ),
    handlers=handlers,
    jobs=jobs,
    commands=(commands,),
    constraints=CONSTRAINTS,
)
