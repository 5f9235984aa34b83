#!/usr/bin/env python3
"""Golden files for the WordPiece encoder, made by transformers' AutoTokenizer.

    encoder_fixtures.py                       remake tests/data/encoder
    encoder_fixtures.py --model DIR --out FILE [--texts FILE]
                                              the same texts (or a file's lines, or the strings of
                                              a JSON list) through any tokenizer directory

Every case holds the ids of `AutoTokenizer(text, padding="max_length", truncation=True,
max_length=128)` without the padding. This script checks that the padding, the attention mask and
the token types are what the ids imply, so that nothing is lost. Cases of more than 128 tokens also
hold all pieces of the text (`pieces`) and the index of each word's first piece (`word_starts`).

Needs transformers 4.52.4 and tokenizers 0.21.
"""

import argparse
import collections
import json
import os
import random
import shutil
import sys
import unicodedata
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "data" / "encoder"
MAX_LENGTH = 128
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

SENTENCES = """
Разрабатывать сервис учёта заявок и поддерживать его в рабочем состоянии.
Проектировать схему базы данных, писать миграции и следить за нагрузкой.
Участвовать в обсуждении требований вместе с аналитиками и тестировщиками.
Настраивать сборку и выкладку: GitLab CI, Docker, Kubernetes.
Отвечать на обращения пользователей, разбирать ошибки и искать их причину.
Опыт коммерческой разработки на Python, Go или Java от двух лет.
Уверенное знание SQL, понимание индексов и планов запросов PostgreSQL.
Знакомство с очередями сообщений: Kafka, RabbitMQ, NATS.
Английский язык на уровне чтения документации, B1 и выше.
Будет плюсом опыт работы с ClickHouse, Redis, Elasticsearch.
Высшее техническое образование или ещё обучаетесь на последнем курсе.
Официальное оформление по ТК РФ, белая заработная плата два раза в месяц.
Гибкое начало рабочего дня, можно работать удалённо или в офисе у метро.
Добровольное медицинское страхование после испытательного срока.
Оплачиваем курсы, книги и билеты на отраслевые конференции.
Мы делаем приложение для курьеров, которым пользуются в сорока городах.
Наша команда: пять разработчиков, дизайнер, менеджер продукта.
Компания на рынке более десяти лет, офис находится в центре города.
Пришлите резюме и короткое письмо о себе, мы ответим в течение недели.
Водитель погрузчика на склад, сменный график два через два.
Принимать товар, раскладывать его по местам хранения, вести учёт остатков.
Продавец в магазин одежды: консультировать покупателей, следить за порядком в зале.
Требуется медицинская сестра, действующий сертификат обязателен.
Бухгалтер на участок первичной документации, знание 1С:Предприятие 8.3.
Развивать дизайн-систему, рисовать макеты в Figma, готовить прототипы.
Писать автотесты на TypeScript и Playwright, поддерживать отчёты Allure.
Code review, unit tests, clean architecture and readable documentation.
We build internal tools for logistics and support several product teams.
Responsibilities include backend development, monitoring and on-call duty.
You have worked with React, Vue or Angular and you know modern CSS.
Strong communication skills and a friendly attitude are a must.
""".split("\n")


def training_texts():
    return [line.strip() for line in SENTENCES if line.strip()]


def words(count, seed):
    """Text of `count` words, drawn from the sentences."""
    rng = random.Random(seed)
    pool = " ".join(training_texts()).split()
    return " ".join(rng.choice(pool) for _ in range(count))


def case_texts():
    """Texts for every trap we know of."""
    plain = training_texts()
    out = list(plain)
    out += [text.upper() for text in plain[::3]] + [text.title() for text in plain[1::5]]
    # ё and й, precomposed and combining; other decompositions.
    out += [
        "ёлка Ёлка ЁЖ ещё учёт", "йод Йога МОЙ район", "е\u0308лка Е\u0308Ж еще\u0308",
        "и\u0306од И\u0306ога раи\u0306он", "й\u0301 ё\u0301 ы\u0301 э\u0301", "Київ, їжак, ґанок",
        "ў Ў ѓ ќ Ѐ ѝ", "café CAFÉ cafe\u0301", "naïve Ångström Ångström", "ﬁnance ﬂow ﬃ",
        "Straße STRASSE ẞ", "İstanbul ıSPARTA i\u0307", "Σίσυφος ΣΊΣΥΦΟΣ ς", "ǅ ǆ Ǆ",
        "a\u0301\u0301\u0301\u0301b", "\u0301начало", "сло\u0301во с ударе\u0301нием",
        "z\u0351\u036b\u0343\u036a\u0302\u036ba\u0342\u034al\u0356\u0333go", "Việt Nam tiếng Việt",
        "a\u20dd b\u20e3 c\u0488 мир\u0487", "हिन्दी नमस्ते", "தமிழ்", "ไทยภาษา", "ខ្មែរ",
    ]
    # Latin inside Cyrillic, versions, numbers, units.
    out += [
        "Python/Django", "Python3.11", "C++ C# F# .NET Node.js Vue.js", "1С:ERP 1C:ERP", "CI/CD", "e-mail",
        "IT-рекрутер it-шник", "Java-разработчик", "html5/css3", "от 150 000 до 250 000 ₽ на руки",
        "100500", "3,14 3.14 1e-9", "№ 5 №5 #5", "10% 10 %", "24/7", "2/2 5/2", "±5 °C", "½ ¼ ² ³ ① Ⅳ ⅳ",
        "٣٤٥ १२३ 𝟏𝟐𝟑", "8-800-000-00-00", "name@example.org", "https://example.org/a?b=c&d=e#f",
        "рyccкий c лaтинскими бyквaми", "snake_case camelCase kebab-case", "__init__", "a.b.c...d",
    ]
    # Punctuation, quotes, dashes, bullets.
    out += [
        "«ёлочки» „лапки“ “quotes” ‘single’ 'прямые'", "тире — минус − дефис - ‑ неразрывный – en", "…", "...", "?!",
        "• пункт ● пункт ▪ пункт ◦ ‣ ⁃ · *", "✓ ✔ ☑ ✅", "(скобки) [квадратные] {фигурные} <угловые>", "a&amp;b &nbsp; &lt;",
        "| a | b |", "$ € £ ¥ ₸ ₴ ₿", "¶ § © ® ™", "→ ← ⇒ ➜", "~ ` ^ \\ /", "= + < > ≤ ≥ ≠", "¿Qué? ¡Sí!", "、。「」・",
        "- опыт;\n- знания;\n- навыки.", "слово,слово;слово:слово", ",", ".", "-", "—",
    ]
    # Spaces of every kind, zero-width and control characters.
    spaces = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u0085\t\n\r\v\f"
    out += [f"до{space}после" for space in spaces]
    out += ["\u00a0опыт\u00a0работы\u00a0", "10\u202f000\u00a0₽", "  много   пробелов  ", "\tтаб\tтаб", "строка\r\nстрока\r\n"]
    invisible = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u061c\u180e\u2061\u2063\u034f\u115f\u3164\uffa0\u202a\u202c\u2066\u2069"
    out += [f"раз{char}работка" for char in invisible]
    out += [f"тест{chr(code)}тест" for code in [*range(0, 9), *range(14, 32), 0x7F, 0x80, 0x9F]]
    out += [f"a{char}b" for char in "\ufffd\ufffe\uffff\ue000\ufdd0\U000e0001\U000f0000\U0010ffff\u0378\U0001fae0"]
    # Emoji and what goes with them.
    out += [
        "🚀", "Привет 👋", "👩‍💻 разработчик", "👨‍👩‍👧‍👦 семья", "👍🏽 ок", "🇷🇺 флаг", "❤️ ❤ ❤\ufe0e", "1️⃣ 2️⃣ #️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🔥🔥🔥огонь🔥",
        "🧑🏿‍🔬", "☎️ телефон", "⭐️⭐️⭐️",
    ]
    # CJK, Hangul, right-to-left.
    out += [
        "软件工程师", "Python 开发 经验", "日本語テスト ひらがな カタカナ", "ｶﾀｶﾅ ＡＢＣ １２３", "한국어 개발자", "한국어",
        "𠀀𠮷 豈 更", "㐀龥", "מפתח תוכנה", "שָׁלוֹם", "مهندس برمجيات", "مُحَمَّد", "a שלום b مرحبا в", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "Ꭰꭰ ᏸ", "ΑΒΓ αβγ",
    ]
    # Special and added tokens written out in the text.
    out += [
        "[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "[CLS] текст [SEP]", "текст[SEP]текст", "[sep] [Cls] [mask]", "[[SEP]]", "[SEP][SEP]",
        "[ SEP ]", "[MASK]ированный опыт", "опыт [MASK]", "[SE\u200bP]", "[SEP", "SEP]", "##ка", "a ##b", "[PAD] [PAD] [PAD]", "[UNK]неизвестно",
        "Node.js", "node.js", "NODE.JS", "nodeNode.js", "Node.jsx", "(Node.js)", "Node.js,Node.js", "Node. js",
        "<phone>", "звоните <phone> сейчас", "звоните<phone>сейчас", "  <phone>  ", "<phone><phone>", "<PHONE>", "< phone >", "\u00a0<phone>\u3000x",
        "Ёмкость", "ёмкость", "емкость", "ЁМКОСТЬ", "Е\u0308мкость", "наЁмкость", "<s>", "</s>", "текст <s> текст", "[extra]", "[EXTRA]", "a[extra]b",
        "ВДНХ", "вднх", "у ВДНХ.", "Extra", "EXTRA", "extra", "Extraтекст",
    ]
    # Length.
    out += [chr(code) for code in range(0x21, 0x7F)] + list("абвгдеёжзийклмнопрстуфхцчшщъыьэюяЁЙ") + [" ", "\n", "\u200b", "é", "字", "🚀"]
    out += ["", "\x00\x01\x02", "\u200b\u200c\u200d", "\ufeff", " \u00a0 ", "\u0301", "\u0301\u0301"]
    for size in (99, 100, 101, 150, 1000):
        out += ["я" * size, "ab" * (size // 2) + "c" * (size % 2), "дом" + "\u0301" * size]
    out += ["a" * 100 + "-" + "b" * 101, "-" * 126, "-" * 127, "-" * 300, "字" * 130, "字" * 127 + "[SEP]", "ё" * 100 + " " + "й" * 101]
    out += [words(count, count) for count in (2, 5, 20, 40, 60, 75, 90, 126, 200)]
    out += ["опыт " * count for count in (125, 126, 127, 128, 129)]
    out += [words(1000, 7), words(1000, 8).replace(" ", "\u00a0"), (words(300, 9) + " [SEP] ") * 3]
    # Random mixtures of everything above, and random characters.
    rng = random.Random(20)
    pool = list(out[:400])
    for _ in range(40):
        out.append(rng.choice(["", " ", "\n"]).join(rng.sample(pool, 3))[:300])
    ranges = [(0x20, 0x7E), (0x400, 0x4FF), (0x300, 0x36F), (0x2000, 0x206F), (0, 0x2FF), (0x370, 0x1FFF), (0x4E00, 0x4EFF), (0x1F300, 0x1FAFF)]
    for _ in range(60):
        out.append("".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 40))))
    return list(dict.fromkeys(out))


ALPHABET = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz0123456789"
MARKS = ".,;:!?-—()[]<>/«»+#"


def vocabulary(normalizer, size=800):
    """Word pieces of our sentences: the alphabet, then what saves most characters.

    A trainer of the tokenizers library would break ties at random; this gives the same file each
    time.
    """
    gains = collections.Counter()
    for text in training_texts():
        for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(text)):
            gains[word] += 3 * len(word)
            for cut in range(2, len(word) - 1):
                gains[word[:cut]] += cut
                gains["##" + word[cut:]] += len(word) - cut
    pieces = SPECIALS + sorted(MARKS) + sorted(ALPHABET) + ["##" + letter for letter in sorted(ALPHABET)]
    pieces += [piece for piece, _ in sorted(gains.items(), key=lambda item: (-item[1], item[0]))]
    return {piece: i for i, piece in enumerate(list(dict.fromkeys(pieces))[:size])}


def make(normalizer, template):
    tokenizer = Tokenizer(models.WordPiece(vocabulary(normalizer), unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIALS)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
            special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
        )
    else:
        tokenizer.post_processor = processors.BertProcessing(("[SEP]", sep), ("[CLS]", cls))
    return tokenizer


def write_uncased(directory):
    """The plain case: what BertTokenizerFast.save_pretrained writes."""
    tokenizer = make(normalizers.BertNormalizer(lowercase=True, strip_accents=False), template=True)
    # As in published models: settings for other uses, left in the file.
    tokenizer.enable_truncation(max_length=512)
    tokenizer.enable_padding(length=64)
    save(directory, tokenizer, {
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(token)): {
                "content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True,
            }
            for token in SPECIALS
        },
        "clean_up_tokenization_spaces": True, "cls_token": "[CLS]", "do_basic_tokenize": True, "do_lower_case": True,
        "extra_special_tokens": {}, "mask_token": "[MASK]", "model_max_length": 512, "never_split": None, "pad_token": "[PAD]",
        "sep_token": "[SEP]", "strip_accents": False, "tokenize_chinese_chars": True, "tokenizer_class": "BertTokenizer", "unk_token": "[UNK]",
    })


def write_cased(directory):
    """The awkward case: the configuration overrides the normalizer and adds tokens."""
    tokenizer = make(normalizers.BertNormalizer(lowercase=True, strip_accents=True), template=False)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=None, handle_chinese_chars=True)
    tokenizer.add_tokens([
        AddedToken("Node.js", normalized=False, single_word=True),
        AddedToken("<phone>", normalized=False, lstrip=True, rstrip=True),
        # Normalized by the file's normalizer, searched in text that went through the other one.
        AddedToken("Ёмкость", normalized=True),
        AddedToken("вднх", normalized=True),
    ])
    # [MASK] and [UNK] are special only by the configuration's word.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["content"] not in ("[MASK]", "[UNK]")]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    size = max(tokenizer.get_vocab().values()) + 1
    save(directory, tokenizer, {
        "added_tokens_decoder": {
            str(size): {"content": "Extra", "lstrip": False, "normalized": True, "rstrip": False, "single_word": True, "special": False},
            str(tokenizer.token_to_id("<phone>")): {
                "content": "<phone>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": True,
            },
        },
        "additional_special_tokens": ["[extra]"], "bos_token": None, "cls_token": "[CLS]", "do_lower_case": False,
        "mask_token": {"__type": "AddedToken", "content": "[MASK]", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": True},
        "model_max_length": 1000000000000000019884624838656, "pad_token": "[PAD]", "sep_token": "[SEP]", "strip_accents": True,
        "tokenize_chinese_chars": False, "tokenizer_class": "BertTokenizerFast",
    })


def write_defaults(directory):
    """An almost empty configuration: every default of BertTokenizerFast applies."""
    tokenizer = make(normalizers.BertNormalizer(lowercase=False, strip_accents=False, handle_chinese_chars=False), template=True)
    save(directory, tokenizer, {"tokenizer_class": "DistilBertTokenizer", "split_special_tokens": True})


def write_plain(directory):
    """A class that leaves the normalizer alone; a chain of normalizers, and another pre-tokenizer."""
    tokenizer = make(
        normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("ё", "е"), normalizers.BertNormalizer(lowercase=True, strip_accents=False)]),
        template=True,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)])
    save(directory, tokenizer, {
        "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]",
        "do_lower_case": False, "model_max_length": 128, "tokenizer_class": "PreTrainedTokenizerFast",
    })


VARIANTS = {"uncased": write_uncased, "cased": write_cased, "defaults": write_defaults, "plain": write_plain}


def save(directory, tokenizer, config):
    directory.mkdir(parents=True, exist_ok=True)
    state = json.loads(tokenizer.to_str())
    (directory / "tokenizer.json").write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    (directory / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", "utf-8")


def fixture(model, texts):
    tokenizer = AutoTokenizer.from_pretrained(str(model))
    pad = tokenizer.pad_token_id
    cases = []
    for text in texts:
        row = tokenizer(text, padding="max_length", truncation=True, max_length=MAX_LENGTH)
        ids = row["input_ids"]
        length = sum(row["attention_mask"])
        types = row.get("token_type_ids", [0] * MAX_LENGTH)
        assert len(ids) == MAX_LENGTH and ids[length:] == [pad] * (MAX_LENGTH - length), text
        assert row["attention_mask"] == [1] * length + [0] * (MAX_LENGTH - length), text
        assert types == [0] * MAX_LENGTH, text
        case = {"text": text, "ids": ids[:length]}
        full = tokenizer(text, add_special_tokens=False)
        if len(full["input_ids"]) > MAX_LENGTH - 2:
            case["pieces"] = full["input_ids"]
            words = full.word_ids()
            case["word_starts"] = [i for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
        cases.append(case)
    head = {
        "made_by": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, {type(tokenizer).__name__}",
        "max_length": MAX_LENGTH, "vocab_size": max(tokenizer.get_vocab().values()) + 1,
        "cls": tokenizer.cls_token_id, "sep": tokenizer.sep_token_id, "pad": pad,
    }
    return head, cases


def readable(text):
    """JSON in which invisible, combining and unusual characters are escaped."""
    def escape(char):
        if char == " " or (unicodedata.category(char)[0] not in "CMZ" and unicodedata.bidirectional(char) not in ("R", "AL", "AN")):
            return char
        return "".join(f"\\u{unit:04x}" for unit in memoryview(char.encode("utf-16-le")).cast("H"))

    return "".join(map(escape, json.dumps(text, ensure_ascii=False, separators=(",", ":"))))


def write_fixture(path, head, cases):
    lines = ",\n".join(readable(case) for case in cases)
    path.write_text(readable(head)[:-1] + ',"cases":[\n' + lines + "\n]}\n", "utf-8")
    print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")


def read_texts(path):
    text = Path(path).read_text("utf-8")
    return json.loads(text) if path.endswith(".json") else text.split("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a directory with tokenizer.json and tokenizer_config.json")
    parser.add_argument("--texts", help="one text per line, or a .json list of strings")
    parser.add_argument("--out", help="the file to write")
    args = parser.parse_args()
    texts = read_texts(args.texts) if args.texts else case_texts()
    if args.model:
        if not args.out:
            parser.error("--model needs --out")
        write_fixture(Path(args.out), *fixture(args.model, texts))
        return
    for name, write in VARIANTS.items():
        directory = FIXTURES / name
        shutil.rmtree(directory, ignore_errors=True)
        write(directory)
        # The first two carry the whole load; the others show a different configuration.
        chosen = texts if name in ("uncased", "cased") else texts[::4]
        write_fixture(directory / "fixture.json", *fixture(directory, chosen))


if __name__ == "__main__":
    sys.exit(main())
