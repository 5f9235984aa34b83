"""What a stored line teacher takes along into another selection of pieces, and whose opinion of a line counts."""

import pathlib
import sys
import tempfile
import unittest

import numpy as np
import torch
from transformers import BertConfig, BertModel

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import line_teacher
import opinions


def net(pieces, seed):
    torch.manual_seed(seed)
    shape = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=9)
    return line_teacher.LineNet(BertModel(BertConfig(vocab_size=pieces, **shape), add_pooling_layer=False))


class LineTeacher(unittest.TestCase):
    def test_restored_pieces_keep_their_rows(self):
        """Pieces that both selections have come from the file, new ones from the package."""
        old, new = net(4, seed=1), net(5, seed=2)
        words = lambda of: of.bert.embeddings.word_embeddings.weight.detach().clone()
        before = words(new)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "net.pt"
            line_teacher.save(old, [0, 1, 7, 9], path)
            line_teacher.restore(new, [0, 1, 7, 8, 9], path)
        found = words(new)
        self.assertTrue(torch.equal(found[[0, 1, 2, 4]], words(old)))
        self.assertTrue(torch.equal(found[3], before[3]))
        self.assertTrue(torch.equal(new.decide.weight, old.decide.weight))


class Opinions(unittest.TestCase):
    def test_the_later_file_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / f"{number}.npz" for number in range(2)]
            for path, texts, value in zip(paths, (["Отпуск", "Премия"], ["премия", "Оклад"]), (0.1, 0.3)):
                opinions.write(path, texts, np.full((2, 5), value), np.zeros((2, 3)))
            found = opinions.Opinions(paths)
        at = found.rows(["Отпуск", "Премия", "Оклад", "Обед"])
        self.assertEqual(at.tolist()[-1], -1)
        self.assertEqual(found.probabilities[at[:3], 0].tolist(), [0.1, 0.3, 0.3])
        self.assertEqual(found.probabilities[found.rows([])].shape, (0, 5))

    def test_a_share_for_all_and_one_a_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "one.npz"
            opinions.write(path, ["Отпуск"], np.full((1, 5), 0.2), np.zeros((1, 3)))
            found = opinions.Opinions([path])
        targets, at = np.tile(np.eye(5)[0], (2, 1)), np.array([0, -1])
        self.assertEqual(found.mixed(targets, at, 0.5).tolist(), [[0.6, 0.1, 0.1, 0.1, 0.1], [1, 0, 0, 0, 0]])
        self.assertEqual(found.mixed(targets, at, np.array([1.0, 1.0])).tolist(), [[0.2] * 5, [1, 0, 0, 0, 0]])


if __name__ == "__main__":
    unittest.main()
