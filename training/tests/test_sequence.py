"""The network of training/sequence against its definition, and its table read back."""

import pathlib
import sys
import tempfile
import unittest

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "sequence"))
import network  # noqa: E402

HEAD = {"groups": [["own_log", 5], ["own_share", 5]]}


def small(seed=1):
    torch.manual_seed(seed)
    return network.Network(features=10, buckets=16, hidden=8).eval()


class Definition(unittest.TestCase):
    def test_gated_sums(self):
        net, hidden = small(), 8
        x = torch.randn(1, 5, hidden)
        with torch.no_grad():
            found = net.carried(net.first, x, torch.ones(1, 5, dtype=torch.bool))[0].numpy()
            parts = net.first(x)[0].numpy()
        for direction, order in enumerate([range(5), range(4, -1, -1)]):
            state = np.zeros(hidden)
            for row in order:
                gate = parts[row, direction * hidden : (direction + 1) * hidden]
                candidate = parts[row, (2 + direction) * hidden : (3 + direction) * hidden]
                keep = 0.5 + 0.5 * gate / (1 + np.abs(gate))
                state = keep * state + (1 - keep) * candidate
                np.testing.assert_allclose(found[row, (1 + direction) * hidden : (2 + direction) * hidden], state, atol=1e-5)

    def test_company_changes_nothing(self):
        net = small()
        features, words = torch.randn(7, 10), torch.randint(0, 16, (9,))
        counts = torch.tensor([2, 0, 1, 1, 2, 3, 0])
        with torch.no_grad():
            both = net(features, words, counts, [3, 4])
            apart = [net(features[:3], words[:3], counts[:3], [3]), net(features[3:], words[3:], counts[3:], [4])]
        np.testing.assert_allclose(both.numpy(), torch.cat(apart).numpy(), atol=1e-5)


class Table(unittest.TestCase):
    def test_read_back(self):
        net = small()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "table.bin"
            network.write(path, net, HEAD, 0.25, ["a comment"])
            found, named = network.load(path)
        self.assertEqual(named["junk_threshold"], "0.25")
        for expected, value in zip(net.parameters(), found.parameters()):
            np.testing.assert_allclose(value.detach().numpy(), expected.detach().numpy(), atol=1e-6)


if __name__ == "__main__":
    unittest.main()
