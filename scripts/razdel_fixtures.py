#!/usr/bin/env python3
"""Write tests/data/razdel_parity.jsonl: texts and what razdel 0.5.0 makes of them.

Every text is composed here, from words and patterns written for this purpose and a
seeded generator. A row is {"group", "text", "spans"}; a span is [start, end) in UTF-8
bytes. An empty fragment, which razdel returns for a blank text, is left out.

The script fails unless the texts reach every rule (as the first that fires), every
entry of every word list, every delimiter, dash and bullet.

    pip install razdel==0.5.0
    python3.11 scripts/razdel_fixtures.py            # write
    python3.11 scripts/razdel_fixtures.py --check    # compare with the file
"""

import argparse
import json
import random
import sys
import unicodedata
from collections import Counter
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from razdel.rule import JOIN
from razdel.segmenters import punct, sokr
from razdel.segmenters.sentenize import SentSegmenter

source = import_module('razdel.segmenters.sentenize')  # the package hides it behind a function

SEED = 20260
RAZDEL = '0.5.0'
PYTHON = (3, 11)
UNICODE = '14.0.0'
OUTPUT = Path(__file__).resolve().parent.parent / 'tests/data/razdel_parity.jsonl'

# ---------------------------------------------------------------- words

ROLES = [
    'инженер по тестированию', 'Go-разработчик', 'слесарь 4 разряда', 'повар горячего цеха',
    'бухгалтер на первичку', 'оператор ПВЗ', 'системный аналитик', 'водитель категории C',
    'DevOps-инженер', 'старшая медсестра', 'кладовщик', 'верстальщик',
]
DUTIES = [
    'Принимать и проверять накладные', 'Писать сервисы на Go и Rust', 'Вести переписку с заказчиками',
    'Настраивать CI/CD', 'Готовить отчёты в 1С', 'Чинить насосы и вентили', 'Проводить код-ревью',
    'Печь хлеб', 'Собирать заказы', 'Обзванивать должников', 'Считать сметы', 'Мыть котлы',
]
NEEDS = [
    'Опыт от 2 лет', 'Знание SQL и Python 3.11', 'Права категории B, стаж от 3 лет',
    'Умение читать чертежи', 'Медкнижка', 'Английский B2', 'Грамотная речь', 'Вы любите порядок',
    'Высшее образование (техническое)', 'Понимание REST, gRPC и т.п.', 'Готовность к командировкам',
]
TERMS = [
    'Оклад 85 тыс. руб. на руки', 'График 2/2 с 9.00 до 21.00', 'ДМС после исп. срока', 'Оформление по ТК РФ',
    'Офис на ул. Садовой, д. 7, корп. 2', 'Премия до 20 проц. оклада', 'Доход 1 200 у.е. в мес.',
    'Отпуск 28 дн. в году', 'Питание 250 р. за смену', 'Удалёнка или гибрид', 'Работа в г. Тверь, 5 мин. от ст. Волга',
]
NOTES = [
    'Мы делаем кассы с 2004 г. и гордимся этим', 'Компания «Ромашка & Ко» растёт', 'Нам 12 лет!',
    'Слышали о нас?', 'Наш девиз: «Делай. Проверяй. Делай.»', 'Пишите на почту (тема: «Вакансия»)',
    'Звоните, тел. 8-800-000, доб. 4', 'Ждём вас :)', 'Присоединяйтесь ;-)', 'Он сказал: "Приходи." И мы пришли',
]
JOINS = ['. ', '; ', '! ', '.\n', ';\n', '.', '…  ', '? ', '.\u00a0', '.\r\n', ' — ', ': ', '.\t', '?! ', '... ']
BULLETS = ['• ', '- ', '— ', '* ', '1. ', '2) ', '3.1. ', 'а) ', 'б. ', 'IV. ', 'X) ', '§ 5. ', '✓ ', '· ', '1.2.3) ', 'C. ']
PEOPLE = [
    'А. С. Пушкин', 'И.О. Фамилия', 'Дж. Смит', 'Вс. Иванов', 'Ed. Stone', 'проф. К. Н. Орлов', 'Ю. Ли',
    'Дж.Р. Браун', 'О\'Нил', 'г-н Ким', 'Мл. Сидоров', 'Ж.-П. Мартен', 'ООО «Т. и Т.»', 'к. т. н. Лев Ной',
]
TAILS = ['Дом', 'дом', '5', '«Дом»', '(дом)', '"Дом"', '— Дом', '— дом', 'ДОМ', '', '.', '²', '\u0301', 'House', 'дОм', ':)', '_x', '½']

# ---------------------------------------------------------------- characters

SPACES = [' ', '\t', '\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x1f', '\x85', '\u00a0', '\u1680',
          '\u2003', '\u2009', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000']
NO_SPACES = ['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u180e', '\u00ad', '\x00', '\x1b', '\u2800', '\u3164']
MARKS = ['\u0301', '\u0306', '\u0308', '\u0483', '\u20dd', '\u0903', '\ufe0f', '\u0345', '\u302a']
NUMBERS = ['²', '①', '½', 'Ⅷ', 'ⅳ', '٣', '५', '㊿', '〇', '一', '𝟗', '🄂', '೬', '፩', '၉', '\u0f33', '৴', '𐄇', '𒐀']
LETTERS = ['ё', 'Ё', 'й', 'Ǆ', 'ǅ', 'ǆ', 'ª', 'ʰ', 'א', '漢', 'ß', 'İ', 'ı', 'K', 'Å', 'ſ', 'Σ', 'ς', 'Ⓐ', 'ⓐ',
           'ა', 'Ა', 'ꙁ', 'Ѣ', 'і', 'ᲀ', '\u10d0', '𝐀', '𝒶', 'ﬁ', 'ﾞ', 'Ω', 'ᾈ', 'ᾳ', 'ꭰ']
NEWER = ['\u1c89', '\u1c8a', '\u0cf3', '\U0001e4d0', '\U00031350', '\ua7cb', '\ua7dc', '\U00010d40', '\U0001ccf0']
EMOJI = ['😀', '👍🏽', '👩\u200d💻', '❤️', '🇷🇺', '✅', '➡️', '1️⃣', '🔥']
SMILES = [eyes + nose + mouth for eyes in '=:;' for nose in ('', '-') for mouth in (')', '(', '))', '()(', ')))', '((((')]
SOUP = list(source.DELIMITERS) + list(punct.DASHES) + list(punct.OPEN_QUOTES) + list('([{:=,-_§*/') + list(
    'абвгдежзТЕДДСНКПаяЯAaBfgIVXLMCD0129') + SPACES + NO_SPACES + MARKS + NUMBERS + LETTERS + NEWER
PLAIN_SOUP = list(source.DELIMITERS) + list(' ' * 24) + list('.' * 8) + list('-—([«:=') + list('аяАЯТтПпДдсСг15IVaA')

# ---------------------------------------------------------------- groups


def prose(rng):
    for _ in range(900):
        parts = []
        for _ in range(rng.randint(1, 4)):
            parts.append(rng.choice(rng.choice([DUTIES, NEEDS, TERMS, NOTES])))
            if rng.random() < 0.25:
                parts[-1] = rng.choice(BULLETS) + parts[-1]
            if rng.random() < 0.15:
                parts[-1] = parts[-1][0].lower() + parts[-1][1:]
            if rng.random() < 0.1:
                parts[-1] = rng.choice(['«%s»', '"%s"', '(%s.)', '“%s!”', '[%s]', '„%s"', "'%s?'"]) % parts[-1]
        yield ''.join(part + rng.choice(JOINS) for part in parts)
    for role in ROLES:
        for name in PEOPLE:
            yield 'Требуется %s. Пишите: %s. Ждём!' % (role, name)


def forms(word):
    yield word
    yield word.capitalize()
    yield word.upper()


def abbreviations(rng):
    for word in sorted(sokr.SOKRS | sokr.INITIALS):
        for tail in ('Дом', 'дом', '5', '«Дом»'):
            yield 'Наш %s. %s стоит' % (word, tail)
        yield '%s. %s' % (rng.choice([word.upper(), word.capitalize()]), rng.choice(TAILS))
        yield '%s. Дом.' % word
        yield '%s.%s' % (word, rng.choice(TAILS))
        yield 'два%s. Дом' % word  # the tail of a longer word, all in the window
        yield '%s%sДом%s. Да' % (word, rng.choice(['! ', '? ', '; ', ') ']), word)
        yield '(5 %s.) Дом. %s. %s' % (word, word, rng.choice(TAILS))
        yield 'Цена %s%s. %s' % (rng.choice('1590'), word, rng.choice(TAILS))
        # only the last ten characters are seen, so these look like the bare word
        yield 'неизвестно%s%s. Дом' % (word, ' ' * max(0, 10 - len(word)))
        yield 'Наш %s%s.%sДом' % (word, rng.choice(SPACES + MARKS + NO_SPACES), rng.choice(SPACES))


def pairs(rng):
    every = sorted(sokr.PAIR_SOKRS | {('жен', 'р'), ('муж', 'р'), ('жен', 'рмуж'), ('рмуж', 'р')})
    for pair in every:
        for tail in ('Дом', 'дом', '5', '— Дом', '(Дом)'):
            yield 'Это %s. %s' % ('. '.join(pair), tail)
        yield '%s. %s' % ('.'.join(pair), rng.choice(TAILS))
        yield '%s. %s' % ('. '.join(pair).upper(), rng.choice(TAILS))
        yield '%s. Дом' % '. '.join(half.capitalize() for half in pair)
        yield 'Это %s.%s' % (' .\u00a0'.join(pair), rng.choice(TAILS))
        yield 'Это кот%s. Дом. Это %s. Дом' % ('. '.join(pair), ' '.join(pair))
        yield '%s. %s. %s' % (pair[0], pair[1].capitalize(), rng.choice(TAILS))
        yield '%s%s. Дом' % ('.'.join(pair), ' ' * rng.randint(4, 9))
        yield '%s\u0301. %s. Дом' % pair[:2]
        yield '%s. %s. Дом' % (pair[1], pair[0])


def initials(rng):
    for first in 'АЯЁABZÉΩЀⅧⒶǅИЙaя漢ªⅳ':
        for tail in ('Иванов', 'иванов', '5', 'A. B'):
            yield 'Пишет %s. %s' % (first, tail)
        yield '%s.%s. %s' % (first, rng.choice('АБВ'), rng.choice(PEOPLE))
        yield 'Пишет %s\u0306. Дом' % first
        yield '%s! %s? %s; %s) Да' % (first, first, first, first)
    for name in PEOPLE:
        for tail in TAILS:
            yield 'Автор %s. %s' % (name, tail)


def lists(rng):
    items = ['1', '12', '8.1', '2)', '§ 3', '§', 'IV', 'XML', 'LXM', 'CD', 'MCM', 'iv', '(1', '[1]', '1-2', '²', '①',
             '½', 'Ⅷ', '٣', 'аб', '1а', 'а1', '*', '-', '№ 1', '1 000', '1. 2. 3. 4. 5. 6.', 'I.V.X.L.M', '', ' ']
    items += sorted(source.BULLET_CHARS) + [c.upper() for c in sorted(source.BULLET_CHARS)] + list('жgёЁG_')
    for item in items:
        for bound in '.)':
            yield '%s%s Дом построен. %s%s Сад. Лес' % (item, bound, item, bound)
        yield '%s. %s) %s' % (item, item, rng.choice(TAILS))
        yield 'Список! %s; Дом. %s) Сад' % (item, item)
        yield '%s.) Дом' % item
        yield '%s? Дом' % item
    for size in range(15, 26):  # the limit is 20 characters
        yield '1' * size + '. Дом'
        yield '1 ' + ' ' * (size - 4) + '2) Дом'
        yield 'Да! ' + 'а)' * (size // 2) + '. Дом'
        yield '2' + '.' * size + ') Дом'
        yield 'Да? ' + 'VI ' * (size // 3) + ') Дом'


def quotes(rng):
    ends = ['', '.', '!', '?', '…', ',', ' ', '. ', '! ', '5', ':)', '?!', '.\u00a0', '»']
    for close in punct.CLOSE_QUOTES + punct.GENERIC_QUOTES + punct.CLOSE_BRACKETS:
        for end in ends:
            yield 'Он из «Дом%s%s %s Потом' % (end, close, rng.choice(['', 'И', 'и', '5', '- ', '— нет', '"', '»']))
        for tail in TAILS:
            yield 'Наш сад%s %s' % (close, tail)
            yield 'Наш сад!%s %s' % (close, tail)
        yield 'Наш %sдом%s. %sСад%s! Лес' % (close, close, close, close)
        yield 'Наш %s Дом' % close
        yield '%s Дом' % close
        yield 'Дом. %s Сад' % close
    for opening in punct.OPEN_QUOTES + '([{':
        yield 'Наш дом. %sСад' % opening
        yield 'Наш дом%s Сад' % opening


def smiles(rng):
    for smile in SMILES:
        yield 'Ждём вас %s Офис рядом' % smile
        yield 'Ждём вас%s офис рядом' % smile
        yield 'Ждём. %s Офис' % smile
        yield 'Ждём!%s%s Да' % (' ' * rng.randint(5, 9), smile)
        yield '%s%s %s Да; %s' % (smile, smile, smile, rng.choice(TAILS))
        yield 'Наш дом.%s Сад' % smile


def dashes(rng):
    for dash in punct.DASHES + '―~_':
        for end in '.?!…;)"»':
            yield 'Кто%s %s спросил он' % (end, dash)
        for tail in ('Дом', '5 домов', '«дом»', '', '"дом', 'ДОМ', 'дОм', '²', 'а²', '漢', '漢а', '- дом', '\u0301дом'):
            yield 'Кто? %s %s' % (dash, tail)
        yield 'Кто? %s%sдом' % (dash, ' ' * rng.randint(6, 9))
        yield 'Кто?%s%sдом' % (rng.choice(SPACES), dash)


def windows(rng):
    for size in range(7, 13):
        for space in (' ', '\u00a0', '\n', '\x1d', ' \t'):
            gap = (space * size)[:size]
            yield 'Дом.%sСад' % gap
            yield 'Дом%s. Сад' % gap
            yield 'Дом!%s— сад' % gap
            yield 'Дом%s" Сад. Лес' % gap
            yield 'Дом?%s:) Лес' % gap
            yield 'т.%sд. Дом' % gap
            yield 'т. д%s. Дом' % gap
        yield 'абвгдежзийклмно'[:size] + 'ул. Дом'
        yield 'абвгдежзийклмно'[:size] + 'А. Дом'
        yield 'Да. ' + 'слово' * 3 + 'а' * size + '. Дом'
        yield 'Да! а' + 'Б' * size + ' — дом'
        yield 'Да! ' + 'б' * size + 'Б дом'
        yield 'Да.' + ' ' + '9' * size + 'а'


def classes(rng):
    slots = ['Дом%s. Сад', 'Дом %s. Сад', 'Дом. %sад', 'Дом.%sСад', 'Дом! %s сад', '1%s. Сад', '%s) Сад', 'Дом! — %s',
             'т.%sд. Сад', 'Да. %s. Сад', '%sДом. Сад%s', 'Дом"%s Сад']
    for c in SPACES + NO_SPACES + MARKS + NUMBERS + LETTERS + NEWER + EMOJI:
        for slot in rng.sample(slots, 6):
            yield slot.replace('%s', c)
    by_category = {}
    for point in range(0x80, 0x110000):
        if not 0xD800 <= point <= 0xDFFF:
            by_category.setdefault(unicodedata.category(chr(point)), []).append(chr(point))
    for category in sorted(by_category):
        for _ in range(24):
            yield rng.choice(slots).replace('%s', rng.choice(by_category[category]))


def soups(rng):
    for _ in range(900):
        yield ''.join(rng.choice(PLAIN_SOUP) for _ in range(rng.randint(1, 40)))
    for _ in range(700):
        yield ''.join(rng.choice(SOUP if rng.random() < 0.4 else PLAIN_SOUP) for _ in range(rng.randint(1, 40)))
    words = sorted(sokr.SOKRS) + ['Дом', 'сад', '5', '2.5', 'А', 'IV', '«Лес', 'рай»', '(да', 'нет)', '"Ель"', '—', ':)', 'т', 'д', 'е']
    for _ in range(700):
        text = ''
        for _ in range(rng.randint(2, 10)):
            word = rng.choice(words)
            word = rng.choice([word, word, word.upper(), word.capitalize()])
            text += word + rng.choice(['. ', '.', ' ', ' . ', ') ', '" ', '! ', '; ', '.) ', '»', '.\u00a0'])
        yield text


def blanks(_):
    yield from ['', ' ', '\n', '\u00a0\u2003', '\x1c\x1f', '\u200b', '\ufeff', '\u200b. \ufeff', '.', '. ', ' .', '. .', '...', '\u0301',
                '.\n', 'а', 'А.', '  А.  ', '\x1eДом. Сад\x1f', '\ufeffДом. Сад\ufeff', ';', '"', '" "', ':)', ' :) :( ']


GROUPS = [prose, abbreviations, pairs, initials, lists, quotes, smiles, dashes, windows, classes, soups, blanks]


def texts():
    seen = set()
    for group in GROUPS:
        rng = random.Random('%d %s' % (SEED, group.__name__))
        for text in group(rng):
            if text not in seen:
                seen.add(text)
                yield group.__name__, text


# ---------------------------------------------------------------- coverage


class Coverage(SentSegmenter):
    """razdel's own segmenter, which notes what its rules met."""

    def __init__(self):
        super().__init__()
        self.seen = Counter()

    def join(self, split):
        for rule in self.rules:
            if rule.name == 'sokr_left' and split.delimiter == '.':
                self.note_words(split)
            if rule.name == 'inside_pair_sokr' and split.delimiter == '.':
                pair = (split.left_token.lower(), split.right_token.lower())
                if pair in sokr.PAIR_SOKRS:
                    self.seen['pair', pair, JOIN] += 1
            if rule.name == 'initials_left' and split.delimiter == '.':
                if split.left_token.lower() in sokr.INITIALS:
                    self.seen['initial', split.left_token.lower()] += 1
            if rule.name == 'list_item' and split.delimiter in source.BULLET_BOUNDS:
                self.seen['buffer', len(split.buffer)] += 1
                if all(source.is_bullet(token) for token in split.buffer_tokens):
                    for token in split.buffer_tokens:
                        self.seen['bullet', token.lower()] += 1
            action = rule(split)
            if action:
                self.seen['rule', rule.name] += 1
                self.seen['delimiter', split.delimiter, rule.name] += 1
                if rule.name == 'dash_right':
                    self.seen['dash', split.right_token] += 1
                return action == JOIN
        self.seen['rule', None] += 1
        self.seen['delimiter', split.delimiter, None] += 1
        return None

    def note_words(self, split):
        joined = source.sokr_left(split)
        pair = split.left_pair_sokr
        if pair:
            pair = tuple(half.lower() for half in pair)
            if pair in sokr.PAIR_SOKRS:
                self.seen['pair', pair, joined] += 1
                return
        word = split.left_token.lower()
        if word in sokr.SOKRS:
            self.seen['word', word, joined] += 1


def check_coverage(seen):
    wanted = {('rule', rule.name) for rule in source.RULES} | {('rule', None)}
    for word in sokr.SOKRS:
        wanted.add(('word', word, JOIN))
        if word not in sokr.HEAD_SOKRS:  # these also let a sentence end
            wanted.add(('word', word, None))
    for pair in sokr.PAIR_SOKRS:
        if len(pair) == 2:  # the entry of three words can match nothing
            wanted.add(('pair', pair, JOIN))
            if pair not in sokr.HEAD_PAIR_SOKRS and len(pair[0] + pair[1]) == 2:
                wanted.add(('pair', pair, None))
    wanted |= {('initial', word) for word in sokr.INITIALS}
    wanted |= {('bullet', char) for char in source.BULLET_CHARS | set('ivxml')}
    wanted |= {('buffer', size) for size in (19, 20, 21)}
    wanted |= {('dash', dash) for dash in punct.DASHES}
    for delimiter in source.DELIMITERS:
        wanted |= {('delimiter', delimiter, name) for name in (None, 'empty_side', 'no_space_prefix', 'lower_right')}
    missing = sorted(map(str, wanted - set(seen)))
    if missing:
        sys.exit('the texts do not reach: ' + ', '.join(missing))
    for rule in source.RULES:
        print('%8d  %s first' % (seen['rule', rule.name], rule.name))
    print('%8d  ends of a sentence' % seen['rule', None])


# ---------------------------------------------------------------- output


def spans(segmenter, text):
    """Byte spans of the fragments of `text`."""
    out = []
    byte = char = 0
    for fragment in segmenter(text):
        if fragment.text:
            assert text[fragment.start:fragment.stop] == fragment.text
            byte += len(text[char:fragment.start].encode())
            start = byte
            byte += len(fragment.text.encode())
            char = fragment.stop
            out.append([start, byte])
    return out


def visible(line):
    """JSON with spaces, marks and other invisible characters escaped."""
    return ''.join(
        c if c.isprintable() and unicodedata.category(c)[0] != 'M' else json.dumps(c)[1:-1]
        for c in line
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true', help='compare, write nothing')
    args = parser.parse_args()

    found = version('razdel'), sys.version_info[:2], unicodedata.unidata_version
    if found != (RAZDEL, PYTHON, UNICODE):
        sys.exit('expected razdel, Python and Unicode %s, found %s' % ((RAZDEL, PYTHON, UNICODE), found))

    segmenter = Coverage()
    rows, groups = [], Counter()
    for group, text in texts():
        row = {'group': group, 'text': text, 'spans': spans(segmenter, text)}
        rows.append(visible(json.dumps(row, ensure_ascii=False, separators=(',', ':'))) + '\n')
        groups[group] += 1
    check_coverage(segmenter.seen)
    output = ''.join(rows)
    print('%d texts, %d bytes: %s' % (
        len(rows), len(output.encode()), ', '.join('%s %d' % item for item in groups.items())))
    if args.check:
        if OUTPUT.read_text(encoding='utf-8') != output:
            sys.exit('%s differs' % OUTPUT.name)
    else:
        OUTPUT.write_text(output, encoding='utf-8')


if __name__ == '__main__':
    main()
