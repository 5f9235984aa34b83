"""A package gives back the checkpoint that it was exported from."""

import pathlib
import sys
import tempfile
import unittest

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import encoder
import export
import restore


class Restore(unittest.TestCase):
    def test_gives_back_the_model_with_its_heads(self):
        torch.manual_seed(3)
        model = encoder.new_model(50, (24, 2, 3, 40)).eval()
        for parameter in model.parameters():
            if parameter.dim() > 1:  # so large that attention tells its heads
                torch.nn.init.normal_(parameter, std=0.3)
        with tempfile.TemporaryDirectory() as folder:
            package = pathlib.Path(folder) / export.PACKAGE
            export.convert(model).save(str(package))
            restored = restore.model_of(package).eval()
        self.assertEqual(restored.config.num_attention_heads, 3)
        ids = torch.randint(1, 50, (4, 9))
        with torch.inference_mode():
            wanted, found = (network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits for network in (model, restored))
        self.assertGreater(wanted.std().item(), 0.1)
        torch.testing.assert_close(found, wanted, rtol=0.0, atol=0.02)


if __name__ == "__main__":
    unittest.main()
