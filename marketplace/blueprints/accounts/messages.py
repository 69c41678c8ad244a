"""Mails and text messages of accounts, by topic and language; English is the fallback."""

import html
import re
from collections.abc import Mapping

from marketplace.blueprints.accounts.contracts import Letter
from marketplace.blueprints.accounts.policies import UNCONFIRMED_LIFE

MAILS: dict[str, dict[str, Letter]] = {
    "welcome": {
        "en": Letter(
            "Welcome! Please confirm your e-mail address",
            "{greeting}\n\nthank you for joining. Confirm your e-mail address with {by} within {hours}"
            " hours:\n\n{token}\n\nUse it only if you have signed up yourself: who signed up has chosen the password"
            " of the account. If you used it by mistake, ask for a new password: that shuts everybody else out.\n",
        ),
        "es": Letter(
            "¡Bienvenido! Confirme su correo electrónico",
            "{greeting}\n\ngracias por registrarse. Confirme su correo electrónico con {by} en un plazo"
            " de {hours} horas:\n\n{token}\n\nÚselo solo si se ha registrado usted: quien se registró eligió la"
            " contraseña de la cuenta. Si lo ha usado por error, pida una contraseña nueva: así nadie más podrá"
            " entrar.\n",
        ),
        "ar": Letter(
            "مرحبًا بك! يرجى تأكيد بريدك الإلكتروني",
            "{greeting}\n\nشكرًا لانضمامك. أكّد بريدك الإلكتروني {by} خلال {hours} ساعة:\n\n{token}\n\n"
            "لا تستخدمه إلا إن كنت أنت من سجّل: فمن سجّل اختار كلمة مرور الحساب. وإن استخدمته خطأً فاطلب كلمة مرور"
            " جديدة، فلا يدخل أحد غيرك.\n",
        ),
    },
    "change_email": {
        "en": Letter(
            "Confirm your new e-mail address",
            "{greeting}\n\nconfirm with {by} within {hours} hours, while you are logged in, that this"
            " is your new e-mail address:\n\n{token}\n\nIf you did not ask for it, do nothing: nothing changes.\n",
        ),
        "es": Letter(
            "Confirme su nuevo correo electrónico",
            "{greeting}\n\nconfirme con {by} en un plazo de {hours} horas, con la sesión iniciada, que"
            " este es su nuevo correo electrónico:\n\n{token}\n\nSi no lo ha pedido, no haga nada: nada cambia.\n",
        ),
        "ar": Letter(
            "أكّد بريدك الإلكتروني الجديد",
            "{greeting}\n\nأكّد {by} خلال {hours} ساعة، وأنت مسجّل الدخول، أن هذا بريدك الإلكتروني الجديد:\n\n{token}\n\n"
            "إن لم تطلب ذلك فلا تفعل شيئًا، ولن يتغير شيء.\n",
        ),
    },
    "email_changed": {
        "en": Letter(
            "Your e-mail address was changed",
            "{greeting}\n\nthe e-mail address of your account is no longer this one. If this was not you,"
            " reset your password at once and write to us.\n",
        ),
        "es": Letter(
            "Su correo electrónico ha cambiado",
            "{greeting}\n\nel correo electrónico de su cuenta ya no es este. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير بريدك الإلكتروني",
            "{greeting}\n\nلم يعد هذا هو البريد الإلكتروني لحسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور"
            " فورًا وراسلنا.\n",
        ),
    },
    "phone_changed": {
        "en": Letter(
            "Your phone number was changed",
            "{greeting}\n\nthe phone number of your account was changed. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su número de teléfono ha cambiado",
            "{greeting}\n\nel número de teléfono de su cuenta ha cambiado. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير رقم هاتفك",
            "{greeting}\n\nتم تغيير رقم هاتف حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    "reset_password": {
        "en": Letter(
            "Set a new password",
            "{greeting}\n\nset a new password with {by} within {hours} hour(s):\n\n{token}\n\nIf you did"
            " not ask for it, do nothing: your password stays as it is.\n",
        ),
        "es": Letter(
            "Elija una contraseña nueva",
            "{greeting}\n\nelija una contraseña nueva con {by} en un plazo de {hours} hora(s):\n\n{token}"
            "\n\nSi no lo ha pedido, no haga nada: su contraseña sigue igual.\n",
        ),
        "ar": Letter(
            "عيّن كلمة مرور جديدة",
            "{greeting}\n\nعيّن كلمة مرور جديدة {by} خلال {hours} ساعة:\n\n{token}\n\n"
            "إن لم تطلب ذلك فلا تفعل شيئًا، وستبقى كلمة مرورك كما هي.\n",
        ),
    },
    "password_changed": {
        "en": Letter(
            "Your password was changed",
            "{greeting}\n\nyour password was changed, and all other devices were signed out. If this was not"
            " you, reset it at once and write to us.\n",
        ),
        "es": Letter(
            "Su contraseña ha cambiado",
            "{greeting}\n\nsu contraseña ha cambiado y se ha cerrado la sesión en los demás dispositivos. Si no"
            " ha sido usted, restablézcala de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم تغيير كلمة مرورك",
            "{greeting}\n\nتم تغيير كلمة مرورك وتسجيل الخروج من سائر الأجهزة. إن لم تكن أنت من فعل ذلك"
            " فأعد تعيينها فورًا وراسلنا.\n",
        ),
    },
    "second_factor_on": {
        "en": Letter(
            "Your second factor is on",
            "{greeting}\n\nfrom now on, a log-in to your account wants a code of your authenticator app. Keep"
            " the recovery codes in a safe place.\n",
        ),
        "es": Letter(
            "Su segundo factor está activado",
            "{greeting}\n\na partir de ahora, para entrar en su cuenta hace falta un código de su aplicación de"
            " autenticación. Guarde los códigos de recuperación en un lugar seguro.\n",
        ),
        "ar": Letter(
            "تم تفعيل العامل الثاني",
            "{greeting}\n\nمن الآن فصاعدًا يتطلب الدخول إلى حسابك رمزًا من تطبيق المصادقة. احتفظ برموز"
            " الاسترداد في مكان آمن.\n",
        ),
    },
    "second_factor_off": {
        "en": Letter(
            "Your second factor is off",
            "{greeting}\n\nthe second factor of your account was removed. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su segundo factor está desactivado",
            "{greeting}\n\nse ha quitado el segundo factor de su cuenta. Si no ha sido usted, cambie su"
            " contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "تم إيقاف العامل الثاني",
            "{greeting}\n\nأُزيل العامل الثاني من حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا"
            " وراسلنا.\n",
        ),
    },
    "recovery_code_used": {
        "en": Letter(
            "A recovery code was used",
            "{greeting}\n\nsomebody signed in to your account with a recovery code in the place of your"
            " authenticator app. If this was not you, change your password at once and write to us.\n",
        ),
        "es": Letter(
            "Se ha usado un código de recuperación",
            "{greeting}\n\nalguien ha entrado en su cuenta con un código de recuperación en lugar de su"
            " aplicación de autenticación. Si no ha sido usted, cambie su contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "استُخدم رمز استرداد",
            "{greeting}\n\nسجّل أحدهم الدخول إلى حسابك برمز استرداد بدلًا من تطبيق المصادقة. إن لم تكن أنت"
            " فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    "account_deleted": {
        "en": Letter(
            "Your account is deleted",
            "{greeting}\n\nyour account is deleted. For {days} days you can take this back with {by}:"
            "\n\n{token}\n\nAfter that, your data are removed for good.\n",
        ),
        "es": Letter(
            "Su cuenta está eliminada",
            "{greeting}\n\nsu cuenta está eliminada. Durante {days} días puede recuperarla con {by}:"
            "\n\n{token}\n\nDespués, sus datos se borrarán para siempre.\n",
        ),
        "ar": Letter(
            "تم حذف حسابك",
            "{greeting}\n\nتم حذف حسابك. يمكنك التراجع خلال {days} أيام {by}:\n\n{token}\n\nبعد ذلك"
            " تُزال بياناتك نهائيًا.\n",
        ),
    },
    "account_restored": {
        "en": Letter(
            "Your account is back",
            "{greeting}\n\nthe deletion of your account was taken back. If this was not you, change your"
            " password at once and write to us.\n",
        ),
        "es": Letter(
            "Su cuenta está de vuelta",
            "{greeting}\n\nse ha anulado la eliminación de su cuenta. Si no ha sido usted, cambie su contraseña"
            " de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "عاد حسابك",
            "{greeting}\n\nأُلغي حذف حسابك. إن لم تكن أنت من فعل ذلك فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
}

PATHS = {
    "welcome": "/verify-email",
    "change_email": "/confirm-email",
    "reset_password": "/reset-password",
    "account_deleted": "/restore-account",
}
"""The pages of the app at APP_URL that mails with a token lead to."""

RIGHT_TO_LEFT = {"ar"}

GREETINGS = {
    "en": ("Hello {name},", "Hello,"),
    "es": ("Hola, {name}:", "Hola:"),
    "ar": ("مرحبًا {name}،", "مرحبًا،"),
}
"""The beginning of a mail, with a name and without."""

BY = {
    "en": ("this token", "this link"),
    "es": ("este código", "este enlace"),
    "ar": ("بهذا الرمز", "بهذا الرابط"),
}
"""What follows in a mail: a token for programs and forms, or a link that holds it."""

STRANGERS = {
    "en": (
        "\nNobody has confirmed this address yet. If you have no account with us, somebody wrote it into a form: do"
        " nothing, and it is forgotten within {days} days.\n"
    ),
    "es": (
        "\nNadie ha confirmado todavía esta dirección. Si no tiene una cuenta con nosotros, alguien la escribió en"
        " un formulario: no haga nada y se olvidará en un plazo de {days} días.\n"
    ),
    "ar": (
        "\nلم يؤكّد أحد هذا العنوان بعد. إن لم يكن لك حساب عندنا فقد كتبه أحدهم في استمارة: لا تفعل شيئًا، وسيُنسى"
        " خلال {days} يومًا.\n"
    ),
}
"""The end of a mail to an address that nobody has confirmed."""

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


def letter(versions: Mapping[str, Letter], locale: str, *, confirmed: bool, linked: bool = False) -> Letter:
    """The letter in the language of `locale`; `linked` says that a link stands in the place of its token. A
    letter to an unconfirmed address has no name in it, and tells strangers what to do.
    """
    language = _language(locale)
    language = language if language in versions else "en"
    found = versions[language]
    named, nameless = GREETINGS[language]
    text = found.text.replace("{by}", BY[language][linked])
    if confirmed:
        return Letter(found.subject, text.replace("{greeting}", named))
    end = STRANGERS[language].replace("{days}", str(UNCONFIRMED_LIFE.days))
    return Letter(found.subject, text.replace("{greeting}", nameless) + end)


def as_html(text: str, locale: str, link: str | None) -> str:
    """The text of a mail as a page: what users wrote is escaped, and `link` alone can be followed."""
    parts = [html.escape(part).replace("\n", "<br>\n") for part in re.split(r"\n{2,}", text.strip())]
    if link is not None:
        shown = html.escape(link)
        parts = [f'<a href="{shown}">{shown}</a>' if part == shown else part for part in parts]
    language = _language(locale)
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    body = "\n".join(f"<p>{part}</p>" for part in parts)
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}" dir="{direction}">\n<meta charset="utf-8">\n'
        f'<body style="font-family: sans-serif; line-height: 1.5">\n{body}\n</body>\n</html>\n'
    )


def code_text(locale: str) -> str:
    """The template of the text message with a code."""
    return CODE_TEXT.get(_language(locale), CODE_TEXT["en"])


def restore_text(locale: str) -> str:
    """The template of the text message that takes a deletion back."""
    return RESTORE_TEXT.get(_language(locale), RESTORE_TEXT["en"])


def _language(locale: str) -> str:
    return locale.partition("-")[0].lower()
