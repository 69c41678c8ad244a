"""Mails and texts of privacy, by language; English is the fallback."""

from marketplace.blueprints.accounts.contracts import Letter, MailTopic

EXPORT_READY = MailTopic(
    "export_ready",
    {
        "en": Letter(
            "Your data are ready",
            "{greeting}\n\nthe copy of your data that you asked for is ready. Sign in and fetch it from your"
            " account within {days} days. If you did not ask for it, change your password at once and write to"
            " us.\n",
        ),
        "es": Letter(
            "Sus datos están listos",
            "{greeting}\n\nla copia de sus datos que pidió está lista. Entre en su cuenta y descárguela en un"
            " plazo de {days} días. Si no la ha pedido, cambie su contraseña de inmediato y escríbanos.\n",
        ),
        "ar": Letter(
            "بياناتك جاهزة",
            "{greeting}\n\nنسخة بياناتك التي طلبتها جاهزة. سجّل الدخول ونزّلها من حسابك خلال {days} أيام. إن لم"
            " تطلبها فغيّر كلمة المرور فورًا وراسلنا.\n",
        ),
    },
    path="/export",
)

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
"""The text inside a copy of the data that explains it."""


def export_readme(locale: str) -> str:
    """The template of the text that goes with the data of a copy."""
    return EXPORT_README.get(locale.partition("-")[0].lower(), EXPORT_README["en"])
