"""The mails to performers about certificates, by language; English is the fallback."""

from marketplace.blueprints.accounts.contracts import Letter, MailTopic

EXPIRING = MailTopic(
    "certificate_expiring",
    {
        "en": Letter(
            "A certificate of yours expires soon",
            "{greeting}\n\nyour certificate «{title}» is good through {last_day}. Send its successor in time:"
            " without a valid certificate, your profile is verified no more.\n",
        ),
        "es": Letter(
            "Uno de sus certificados caduca pronto",
            "{greeting}\n\nsu certificado «{title}» vale hasta el {last_day} inclusive. Envíe el siguiente a"
            " tiempo: sin un certificado válido, su perfil deja de estar verificado.\n",
        ),
        "ar": Letter(
            "إحدى شهاداتك ستنتهي صلاحيتها قريبًا",
            "{greeting}\n\nشهادتك «{title}» صالحة حتى نهاية يوم {last_day}. أرسل الشهادة الجديدة في الوقت"
            " المناسب: فبدون شهادة سارية لن يبقى ملفك موثّقًا.\n",
        ),
    },
    path="/certificates",
)
