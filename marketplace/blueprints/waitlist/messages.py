"""The mails to customers who wait, by language; English is the fallback."""

from marketplace.blueprints.accounts.contracts import Letter, MailTopic

OFFERED = MailTopic(
    "waitlist_offered",
    {
        "en": Letter(
            "The time that you wait for is free",
            "{greeting}\n\nyou wait for a day with {performer}. «{title}» can now begin on {day} at {time}."
            " The time is kept for you until {until}; book it before that, or it goes to the next. All"
            " times are those of {timezone}.\n",
        ),
        "es": Letter(
            "La hora que esperaba está libre",
            "{greeting}\n\nespera un día con {performer}. «{title}» puede empezar ahora el {day} a las"
            " {time}. La hora se le guarda hasta las {until}; resérvela antes o pasará a la siguiente"
            " persona. Todas las horas son las de {timezone}.\n",
        ),
        "ar": Letter(
            "الوقت الذي تنتظره أصبح متاحًا",
            "{greeting}\n\nأنت تنتظر يومًا لدى {performer}. يمكن الآن أن تبدأ خدمة «{title}» يوم {day} في"
            " الساعة {time}. الوقت محجوز لك حتى الساعة {until}؛ احجزه قبل ذلك، وإلا عُرض على التالي. كل"
            " الأوقات بحسب {timezone}.\n",
        ),
    },
    path="/waitlist",
)
