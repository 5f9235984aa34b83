"""What made-up lines keep of the lines they are made from."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import made_up_lines

TEXTS = [f"Работа с клиентами номер {number} в дневное время" for number in range(40)]
NEAR = {"работа": ["служба"], "клиентами": ["покупателями"]}


class Maker(unittest.TestCase):
    def setUp(self):
        self.maker = made_up_lines.Maker(TEXTS, NEAR, random.Random(5))

    def test_neighbours_keep_case(self):
        found = self.maker.changed("РАБОТА, Работа с клиентами и работа", 1.0)
        self.assertEqual(found, "СЛУЖБА, Служба с покупателями и служба")

    def test_a_cut_is_a_run_of_words(self):
        for _ in range(100):
            self.assertIn(self.maker.cut(TEXTS[0]), TEXTS[0])

    def test_a_splice_begins_and_ends_as_its_parts_do(self):
        for _ in range(100):
            words = self.maker.spliced("Обучение с отрывом").split()
            self.assertEqual(words[:2], ["Обучение", "с"])
            self.assertEqual(words[-1], "время")

    def test_lines_are_new_and_distinct(self):
        found = list(self.maker.lines(200))
        self.assertEqual(len({line.lower() for line in found}), 200)
        self.assertFalse({line.lower() for line in found} & {text.lower() for text in TEXTS})


if __name__ == "__main__":
    unittest.main()
