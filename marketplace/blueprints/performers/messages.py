"""What performers are written by mail, by language; English is the fallback."""

from dataclasses import dataclass

TOPIC_EXPIRING = "certificate_expiring"


@dataclass(frozen=True)
class Letter:
    """A mail; both parts are templates of `str.format`."""

    subject: str
    text: str


_EXPIRING = {
    "en": Letter(
        "A certificate of yours expires soon",
        "Hello {name},\n\nyour certificate «{title}» is good through {last_day}. Send its successor in time:"
        " without a valid certificate, your profile is verified no more.\n",
    ),
    "es": Letter(
        "Uno de sus certificados caduca pronto",
        "Hola, {name}:\n\nsu certificado «{title}» vale hasta el {last_day} inclusive. Envíe el siguiente a"
        " tiempo: sin un certificado válido, su perfil deja de estar verificado.\n",
    ),
    "ar": Letter(
        "إحدى شهاداتك ستنتهي صلاحيتها قريبًا",
        "مرحبًا {name}،\n\nشهادتك «{title}» صالحة حتى نهاية يوم {last_day}. أرسل الشهادة الجديدة في الوقت"
        " المناسب: فبدون شهادة سارية لن يبقى ملفك موثّقًا.\n",
    ),
}


def expiring(locale: str) -> Letter:
    """The reminder that a certificate ends, in the language of `locale`."""
    return _EXPIRING.get(locale.partition("-")[0], _EXPIRING["en"])
