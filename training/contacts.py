"""Made-up contact lines, all junk: in the data contacts are masked, in the vacancies of users they are not.

Digits are drawn at random behind dialling codes; names, mailboxes and sites are combined from the lists below.
"""

import random

NAMES = "Анна Мария Елена Ольга Ирина Наталья Татьяна Светлана Юлия Екатерина Алексей Дмитрий Сергей Андрей Иван Павел".split()
PATRONYMICS = "Сергеевна Ивановна Андреевна Павловна Викторовна Олеговна Юрьевна Игоревна".split()
SURNAMES = "Волкова Лебедева Соколова Новикова Зайцева Орлова Белова Громова".split()
MAILBOXES = "hr job work rabota resume cv office personal kadry info vacancy".split()
DOMAINS = "firma company example kontora zavod servis group team start sklad".split()
ZONES = "ru com org рф".split()
HANDLES = "hr_anna job_work rabota_hr it_hr recruiter_maria hr_team work_today".split()
PHONE_LEADS = [
    "Телефон:", "Тел.:", "Тел.", "тел:", "Т.", "Моб.:", "Контактный телефон:", "Телефон для связи:", "Звоните:", "Звонить по телефону",
    "Звоните по номеру", "Запись на собеседование по телефону", "Справки по телефону", "Телефон отдела кадров:", "WhatsApp:",
    "Ватсап:", "Viber / WhatsApp", "Пишите в WhatsApp", "Контакты:", "Отдел персонала:", "По всем вопросам:", "☎", "📞", "",
]  # fmt: skip
MAIL_LEADS = [
    "E-mail:", "Email:", "Почта:", "Эл. почта:", "Резюме на почту", "Присылайте резюме на", "Резюме отправляйте на",
    "Направляйте резюме на адрес", "Ждём ваше резюме:", "Пишите на", "mail:", "✉", "",
]  # fmt: skip
HANDLE_LEADS = ["Telegram:", "Телеграм:", "Телеграмм", "ТГ:", "tg:", "Пишите в Telegram", "Писать в телеграм", "Откликаться сюда:", "Контакт:", ""]
LINK_LEADS = ["Сайт:", "Наш сайт:", "Подробнее:", "Ссылка на анкету:", "Заполните анкету:", "Группа ВКонтакте:", "Портфолио и отзывы:", ""]
PERSON_LEADS = ["Контактное лицо:", "Контакты:", "Менеджер по персоналу", "Рекрутер", "HR-менеджер", "Спросить", "С уважением,", "Ваш рекрутер"]


def phone(rng):
    digits = "".join(rng.choice("0123456789") for _ in range(7))
    head, code = rng.choice(["+7", "8", "7", "+375", "+7", "8"]), rng.choice("900 901 903 905 909 912 915 916 920 926 950 960 977 985 999 495 499 812 343 800".split())
    if rng.random() < 0.25:  # stands for a number in templates
        code, digits = rng.choice(["000", "999", code]), "0" * 7
    a, b, c = digits[:3], digits[3:5], digits[5:]
    shapes = [f"{head} ({code}) {a}-{b}-{c}", f"{head}({code}){a}-{b}-{c}", f"{head} {code} {a} {b} {c}", f"{head}-{code}-{a}-{b}-{c}", f"{head}{code}{digits}"]
    extension = f" доб. {rng.randrange(100, 9999)}" if rng.random() < 0.1 else ""
    return rng.choice(shapes) + extension


def mail(rng):
    name = rng.choice(MAILBOXES) + (str(rng.randrange(1, 99)) if rng.random() < 0.3 else "")
    return f"{name}@{rng.choice(DOMAINS)}{rng.choice(['', '-' + rng.choice(DOMAINS)])}.{rng.choice(ZONES)}"


def handle(rng):
    return "@" + rng.choice(HANDLES) + (str(rng.randrange(1, 999)) if rng.random() < 0.5 else "")


def link(rng):
    site = f"{rng.choice(DOMAINS)}-{rng.choice(DOMAINS)}.{rng.choice(ZONES)}"
    return rng.choice(["https://", "http://", "www.", ""]) + site + rng.choice(["", "/", "/vacancy", "/jobs", f"/{rng.randrange(10, 9999)}"])


def person(rng):
    name = rng.choice(NAMES)
    return rng.choice([name, f"{name} {rng.choice(PATRONYMICS)}", f"{rng.choice(SURNAMES)} {name}"])


def lines(count, seed):
    """`count` lines, distinct as far as chance allows."""
    rng = random.Random(seed)
    kinds = [(PHONE_LEADS, phone), (PHONE_LEADS, phone), (MAIL_LEADS, mail), (HANDLE_LEADS, handle), (LINK_LEADS, link), (PERSON_LEADS, person)]
    found = []
    for _ in range(count):
        leads, value = rng.choice(kinds)
        text = f"{rng.choice(leads)} {value(rng)}".strip()
        if value is not link and rng.random() < 0.25:
            more = rng.choice([phone, person, handle])(rng)
            text += rng.choice([f", {more}", f" {more}", f" ({more})", f" — {more}"])
        if rng.random() < 0.2:
            text = rng.choice(["- ", "• ", "— "]) + text
        found.append(text + rng.choice(["", "", "", ".", "!"]))
    return found
