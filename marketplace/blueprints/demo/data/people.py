"""Names of the demo's people, by culture and country."""

# ruff: noqa: RUF001 - names are written in the letters of their language

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Culture:
    """The usual names of a culture; `locale` is the language of most people who have them."""

    locale: str
    first: tuple[str, ...]
    last: tuple[str, ...]


def _culture(locale: str, first: str, last: str) -> Culture:
    return Culture(locale, tuple(first.split()), tuple(last.split()))


ENGLISH = _culture(
    "en",
    "Amelia Oliver Grace Jack Sophie Harry Emily George Chloe Thomas Ella James Ruby Daniel Hannah"
    " Lucas Zoe Nathan Alice Samuel Megan Adam Laura Ethan Claire Ryan Holly Aaron Molly Toby",
    "Smith Jones Taylor Brown Wilson Evans Walker Wright Green Hall Wood Clarke Harris Cooper King"
    " Baker Turner Hill Moore Ward Morris Parker Bennett Carter Reid Murphy Kelly Byrne Ross Fraser",
)
SPANISH = _culture(
    "es",
    "María José Lucía Carlos Sofía Javier Valentina Alejandro Camila Diego Elena Andrés Paula Miguel"
    " Carmen Fernando Isabel Raúl Ximena Joaquín Marta Héctor Daniela Óscar Noelia Emilio Rocío Iván"
    " Ángela Tomás",
    "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Díaz Hernández Muñoz"
    " Romero Álvarez Torres Ramírez Flores Vargas Castro Rojas Mendoza Ortiz Núñez Herrera Silva"
    " Ibáñez Peña",
)
PORTUGUESE = _culture(
    "pt",
    "Ana João Beatriz Pedro Mariana Tiago Inês Rafael Juliana Gustavo Larissa Felipe Catarina Bruno"
    " Fernanda Mateus Letícia Vinícius Helena Caio Débora Otávio Luana Antônio Camila Renato",
    "Silva Santos Oliveira Souza Pereira Costa Ferreira Almeida Carvalho Ribeiro Gomes Martins Araújo"
    " Barbosa Rocha Lima Moreira Nunes Cardoso Teixeira Conceição Machado Pinto Freitas",
)
FRENCH = _culture(
    "fr",
    "Camille Hugo Léa Théo Manon Louis Chloé Antoine Inès Julien Amélie Mathieu Zoé Benoît Élise"
    " Cédric Margaux François Océane Gaëlle Rémi Anaïs Bastien Hélène Maxime",
    "Martin Bernard Dubois Durand Moreau Laurent Simon Lefèvre Roux Fournier Girard Mercier Dupont"
    " Lambert Bonnet François Rousseau Garnier Chevalier Blanchard Gauthier Perrin Lévêque",
)
GERMAN = _culture(
    "de",
    "Anna Jonas Lena Lukas Marie Felix Jürgen Katharina Stefan Sabine Björn Ute Matthias Heike Tobias"
    " Jana Sebastian Greta Moritz Käthe Florian Ines Götz Svenja Andreas",
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter"
    " Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hartmann Lange Weiß Köhler",
)
ITALIAN = _culture(
    "it",
    "Giulia Marco Francesca Luca Chiara Matteo Alessia Davide Martina Andrea Elisa Simone Sara"
    " Lorenzo Federica Niccolò Silvia Giorgio Valeria Paolo Irene Stefano",
    "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa"
    " Mancini Giordano Rizzo Lombardi Moretti Barbieri Fontana Caruso",
)
SLAVIC = _culture(
    "ru",
    "Анна Иван Ольга Дмитрий Мария Алексей Наталья Сергей Елена Михаил Татьяна Павел Ирина Никита"
    " Светлана Юрий Ксения Артём Вера Кирилл",
    "Иваненко Петренко Коваленко Шевченко Бондарь Мельник Лысенко Савченко Мороз Кравчук Гончар Белых"
    " Черных Долгих Седых Живаго Дурново Франко Стельмах Ткач",
)
POLISH = _culture(
    "pl",
    "Zofia Jakub Maja Szymon Hanna Michał Agnieszka Paweł Katarzyna Łukasz Małgorzata Krzysztof"
    " Joanna Grzegorz Ewa Bartosz Aleksandra Wojciech",
    "Nowak Wójcik Kowalczyk Woźniak Mazur Krawczyk Kaczmarek Zając Król Wróbel Stępień Pawlak Sikora"
    " Baran Duda Szewczyk Pietrzak Marciniak",
)
ARABIC = _culture(
    "ar",
    "محمد فاطمة أحمد مريم علي زينب عمر سارة يوسف ليلى خالد نور حسن هدى إبراهيم سلمى طارق رنا كريم دينا",
    "العلي حسين الحسن منصور إبراهيم عبدالله خليل صالح ناصر السيد حداد خوري عثمان سليمان جابر الشامي"
    " بركات شاهين",
)
TURKISH = _culture(
    "tr",
    "Zeynep Mehmet Elif Mustafa Ayşe Emre Fatma Burak Merve Can Selin Hüseyin Büşra Ömer Gül Çağla"
    " Deniz Kerem İrem Volkan",
    "Yılmaz Kaya Demir Çelik Şahin Yıldız Aydın Öztürk Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt"
    " Özdemir Şimşek Polat Güneş",
)
INDIAN = _culture(
    "en",
    "Aarav Priya Rohan Ananya Vikram Kavya Arjun Meera Rahul Divya Sanjay Lakshmi Imran Ayesha Kiran"
    " Neha Suresh Pooja Amit Sunita Farhan Zara Deepak Nisha Manish Rekha",
    "Sharma Patel Singh Kumar Reddy Gupta Iyer Khan Das Nair Mehta Joshi Rao Verma Chopra Banerjee"
    " Pillai Bose Ahmed Mishra Desai Kapoor Menon Sheikh Naidu",
)
CHINESE = _culture(
    "zh",
    "伟 芳 娜 敏 静 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 建华 桂英 晓明 丽华 子轩 雨桐",
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗",
)
JAPANESE = _culture(
    "ja",
    "翔太 美咲 健太 さくら 大輔 陽子 拓也 結衣 直樹 愛 誠 真由美 蓮 葵 悠真 凛",
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 松本 井上 木村",
)
KOREAN = _culture(
    "ko",
    "민준 서연 지훈 수빈 현우 지민 도윤 하은 준호 예린 성민 유진 동현 미경",
    "김 이 박 최 정 강 조 윤 장 임 한 오 서 신",
)
SOUTH_EAST_ASIAN = _culture(
    "en",
    "Nguyet Minh Linh Bayu Siti Putri Agus Dewi Rizal Maricel Jomar Somchai Malee Anh Thao Budi Wayan"
    " Liza Hafiz Nurul Kim Phuong",
    "Nguyen Tran Le Pham Wijaya Santoso Rahman Ismail Dela-Cruz Reyes Bautista Suharto Saetang Lim"
    " Tan Hidayat Pratama Lestari Vo Dang",
)
AFRICAN = _culture(
    "en",
    "Amara Kwame Ngozi Chidi Zainab Tunde Wanjiru Otieno Fatou Mamadou Abena Kofi Thandiwe Sipho"
    " Aisha Yusuf Adaeze Emeka Nia Jabari Makena Tendai Ife Sekou",
    "Okafor Mensah Adeyemi Diallo Mwangi Kamau Ndlovu Dlamini Traoré Osei Abebe Tesfaye Balogun Eze"
    " Koné Njoroge Moyo Banda Sow Okoro Achieng Boateng",
)

EVERYWHERE = (ENGLISH, SPANISH, FRENCH, INDIAN, AFRICAN)

_COUNTRIES: dict[Culture, str] = {
    ENGLISH: "US GB CA AU NZ IE",
    SPANISH: "ES MX CO AR PE VE CL EC GT CU BO DO HN PY SV NI CR PA UY PR",
    PORTUGUESE: "BR PT AO MZ",
    FRENCH: "FR BE LU MC",
    GERMAN: "DE AT CH LI",
    ITALIAN: "IT SM",
    SLAVIC: "RU UA BY KZ KG BG",
    POLISH: "PL",
    ARABIC: "EG SA IQ MA DZ SD YE SY JO AE LB LY TN KW OM QA BH PS",
    TURKISH: "TR",
    INDIAN: "IN PK BD LK NP",
    CHINESE: "CN TW HK MO",
    JAPANESE: "JP",
    KOREAN: "KR",
    SOUTH_EAST_ASIAN: "ID PH VN TH MY MM SG KH",
    AFRICAN: "NG ET CD TZ ZA KE UG GH CI CM SN ML ZM ZW RW NE BF MG MW",
}
_BY_COUNTRY = {code: culture for culture, codes in _COUNTRIES.items() for code in codes.split()}


def culture_of(country_code: str) -> Culture | None:
    """The culture of most people of the country; None where these lists know none."""
    return _BY_COUNTRY.get(country_code)


def ascii_word(text: str) -> str:
    """`text` in lower-case ASCII letters as far as possible: Müller -> muller, 王 -> empty."""
    plain = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L").replace("ı", "i"))
    return "".join(letter for letter in plain.lower() if "a" <= letter <= "z")
