"""What accounts write to people: mails and text messages by topic and language; English is the fallback."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """A mail; both parts are templates of `str.format`."""

    subject: str
    text: str


MAILS: dict[str, dict[str, Letter]] = {
    "welcome": {
        "en": Letter(
            "Welcome! Please confirm your e-mail address",
            "Hello {name},\n\nthank you for joining. Confirm your e-mail address with this token within {hours}"
            " hours:\n\n{token}\n",
        ),
        "es": Letter(
            "¡Bienvenido! Confirme su correo electrónico",
            "Hola, {name}:\n\ngracias por registrarse. Confirme su correo electrónico con este código en un plazo"
            " de {hours} horas:\n\n{token}\n",
        ),
        "ar": Letter(
            "مرحبًا بك! يرجى تأكيد بريدك الإلكتروني",
            "مرحبًا {name}،\n\nشكرًا لانضمامك. أكّد بريدك الإلكتروني بهذا الرمز خلال {hours} ساعة:\n\n{token}\n",
        ),
    },
    "change_email": {
        "en": Letter(
            "Confirm your new e-mail address",
            "Hello {name},\n\nconfirm with this token within {hours} hours that this is your new e-mail address:"
            "\n\n{token}\n\nIf you did not ask for it, do nothing: nothing changes.\n",
        ),
        "es": Letter(
            "Confirme su nuevo correo electrónico",
            "Hola, {name}:\n\nconfirme con este código en un plazo de {hours} horas que este es su nuevo correo"
            " electrónico:\n\n{token}\n\nSi no lo ha pedido, no haga nada: nada cambia.\n",
        ),
        "ar": Letter(
            "أكّد بريدك الإلكتروني الجديد",
            "مرحبًا {name}،\n\nأكّد بهذا الرمز خلال {hours} ساعة أن هذا بريدك الإلكتروني الجديد:\n\n{token}\n\n"
            "إن لم تطلب ذلك فلا تفعل شيئًا، ولن يتغير شيء.\n",
        ),
    },
    "email_changed": {
        "en": Letter(
            "Your e-mail address was changed",
            "Hello {name},\n\nthe e-mail address of your account is no longer this one. If this was not you,"
            " reset your password at once and write to us.\n",
        ),
        "es": Letter(
            "Su correo electrónico ha cambiado",
            "Hola, {name}:\n\nel correo electrónico de su cuenta ya no es este. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير بريدك الإلكتروني",
            "مرحبًا {name}،\n\nلم يعد هذا هو البريد الإلكتروني لحسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور"
            " فورًا وراسلنا.\n",
        ),
    },
    "phone_changed": {
        "en": Letter(
            "Your phone number was changed",
            "Hello {name},\n\nthe phone number of your account was changed. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su número de teléfono ha cambiado",
            "Hola, {name}:\n\nel número de teléfono de su cuenta ha cambiado. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير رقم هاتفك",
            "مرحبًا {name}،\n\nتم تغيير رقم هاتف حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    "reset_password": {
        "en": Letter(
            "Set a new password",
            "Hello {name},\n\nset a new password with this token within {hours} hour(s):\n\n{token}\n\nIf you did"
            " not ask for it, do nothing: your password stays as it is.\n",
        ),
        "es": Letter(
            "Elija una contraseña nueva",
            "Hola, {name}:\n\nelija una contraseña nueva con este código en un plazo de {hours} hora(s):\n\n{token}"
            "\n\nSi no lo ha pedido, no haga nada: su contraseña sigue igual.\n",
        ),
        "ar": Letter(
            "عيّن كلمة مرور جديدة",
            "مرحبًا {name}،\n\nعيّن كلمة مرور جديدة بهذا الرمز خلال {hours} ساعة:\n\n{token}\n\n"
            "إن لم تطلب ذلك فلا تفعل شيئًا، وستبقى كلمة مرورك كما هي.\n",
        ),
    },
    "password_changed": {
        "en": Letter(
            "Your password was changed",
            "Hello {name},\n\nyour password was changed, and all other devices were signed out. If this was not"
            " you, reset it at once and write to us.\n",
        ),
        "es": Letter(
            "Su contraseña ha cambiado",
            "Hola, {name}:\n\nsu contraseña ha cambiado y se ha cerrado la sesión en los demás dispositivos. Si no"
            " ha sido usted, restablézcala de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير كلمة مرورك",
            "مرحبًا {name}،\n\nتم تغيير كلمة مرورك وتسجيل الخروج من سائر الأجهزة. إن لم تكن أنت من فعل ذلك"
            " فأعد تعيينها فورًا وراسلنا.\n",
        ),
    },
    "second_factor_on": {
        "en": Letter(
            "Your second factor is on",
            "Hello {name},\n\nfrom now on, a log-in to your account wants a code of your authenticator app. Keep"
            " the recovery codes in a safe place.\n",
        ),
        "es": Letter(
            "Su segundo factor está activado",
            "Hola, {name}:\n\na partir de ahora, para entrar en su cuenta hace falta un código de su aplicación de"
            " autenticación. Guarde los códigos de recuperación en un lugar seguro.\n",
        ),
        "ar": Letter(
            "تم تفعيل العامل الثاني",
            "مرحبًا {name}،\n\nمن الآن فصاعدًا يتطلب الدخول إلى حسابك رمزًا من تطبيق المصادقة. احتفظ برموز"
            " الاسترداد في مكان آمن.\n",
        ),
    },
    "second_factor_off": {
        "en": Letter(
            "Your second factor is off",
            "Hello {name},\n\nthe second factor of your account was removed. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su segundo factor está desactivado",
            "Hola, {name}:\n\nse ha quitado el segundo factor de su cuenta. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم إيقاف العامل الثاني",
            "مرحبًا {name}،\n\nأُزيل العامل الثاني من حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا"
            " وراسلنا.\n",
        ),
    },
    "recovery_code_used": {
        "en": Letter(
            "A recovery code was used",
            "Hello {name},\n\nsomebody signed in to your account with a recovery code in the place of your"
            " authenticator app. If this was not you, change your password at once and write to us.\n",
        ),
        "es": Letter(
            "Se ha usado un código de recuperación",
            "Hola, {name}:\n\nalguien ha entrado en su cuenta con un código de recuperación en lugar de su"
            " aplicación de autenticación. Si no ha sido usted, cambie su contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "استُخدم رمز استرداد",
            "مرحبًا {name}،\n\nسجّل أحدهم الدخول إلى حسابك برمز استرداد بدلًا من تطبيق المصادقة. إن لم تكن أنت"
            " فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    "export_ready": {
        "en": Letter(
            "Your data are ready",
            "Hello {name},\n\nthe copy of your data that you asked for is ready. Sign in and fetch it from your"
            " account within {days} days. If you did not ask for it, change your password at once and write to"
            " us.\n",
        ),
        "es": Letter(
            "Sus datos están listos",
            "Hola, {name}:\n\nla copia de sus datos que pidió está lista. Entre en su cuenta y descárguela en un"
            " plazo de {days} días. Si no la ha pedido, cambie su contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "بياناتك جاهزة",
            "مرحبًا {name}،\n\nنسخة بياناتك التي طلبتها جاهزة. سجّل الدخول ونزّلها من حسابك خلال {days} أيام. إن لم"
            " تطلبها فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    "account_deleted": {
        "en": Letter(
            "Your account is deleted",
            "Hello {name},\n\nyour account is deleted. For {days} days you can take this back with this token:"
            "\n\n{token}\n\nAfter that, your data are removed for good.\n",
        ),
        "es": Letter(
            "Su cuenta está eliminada",
            "Hola, {name}:\n\nsu cuenta está eliminada. Durante {days} días puede recuperarla con este código:"
            "\n\n{token}\n\nDespués, sus datos se borrarán para siempre.\n",
        ),
        "ar": Letter(
            "تم حذف حسابك",
            "مرحبًا {name}،\n\nتم حذف حسابك. يمكنك التراجع خلال {days} أيام بهذا الرمز:\n\n{token}\n\nبعد ذلك"
            " تُزال بياناتك نهائيًا.\n",
        ),
    },
    "account_restored": {
        "en": Letter(
            "Your account is back",
            "Hello {name},\n\nthe deletion of your account was taken back. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su cuenta está de vuelta",
            "Hola, {name}:\n\nse ha anulado la eliminación de su cuenta. Si no ha sido usted, cambie su contraseña"
            " de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "عاد حسابك",
            "مرحبًا {name}،\n\nأُلغي حذف حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
}

CODE_TEXT = {
    "en": "{code} is your code. It is good for {minutes} minutes. Give it to nobody.",
    "es": "{code} es su código. Vale {minutes} minutos. No se lo dé a nadie.",
    "ar": "{code} هو رمزك. صالح لمدة {minutes} دقائق. لا تعطه لأحد.",
}
"""The text message with a one-time code."""

RESTORE_TEXT = {
    "en": "Your account is deleted. Within {days} days, this takes it back: {token}",
    "es": "Su cuenta está eliminada. Durante {days} días puede recuperarla con: {token}",
    "ar": "تم حذف حسابك. يمكنك التراجع خلال {days} أيام بهذا الرمز: {token}",
}
"""The text message with the token that takes a deletion back."""

EXPORT_README = {
    "en": (
        "This is what was held on you, {name}, at {at}. Each file is a JSON array; times are in UTC.\n\n"
        "Passwords, codes and tokens are kept as hashes only and are not here. Of other people you find what"
        " they wrote to you or about you, with their first name.\n"
    ),
    "es": (
        "Esto es lo que se guardaba sobre usted, {name}, el {at}. Cada archivo es una lista JSON; las horas están"
        " en UTC.\n\nLas contraseñas, los códigos y los tokens solo se guardan como resúmenes y no están aquí. De"
        " otras personas encontrará lo que le escribieron o escribieron sobre usted, con su nombre de pila.\n"
    ),
    "ar": (
        "هذا ما كان محفوظًا عنك يا {name} في {at}. كل ملف قائمة JSON، والأوقات بالتوقيت العالمي.\n\n"
        "كلمات المرور والرموز محفوظة كبصمات فقط وليست هنا. ومن الآخرين تجد ما كتبوه إليك أو عنك مع اسمهم"
        " الأول.\n"
    ),
}
"""What an export says of itself."""


def letter(topic: str, locale: str) -> Letter:
    """The templates of a topic in the language of `locale`. Raises KeyError for an unknown topic."""
    versions = MAILS[topic]
    return versions.get(_language(locale), versions["en"])


def code_text(locale: str) -> str:
    """The template of the text message with a code."""
    return CODE_TEXT.get(_language(locale), CODE_TEXT["en"])


def restore_text(locale: str) -> str:
    """The template of the text message that takes a deletion back."""
    return RESTORE_TEXT.get(_language(locale), RESTORE_TEXT["en"])


def export_readme(locale: str) -> str:
    """The template of the text beside the data of an export."""
    return EXPORT_README.get(_language(locale), EXPORT_README["en"])


def _language(locale: str) -> str:
    return locale.partition("-")[0].lower()
