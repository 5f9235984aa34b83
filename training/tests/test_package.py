"""The exported package and tokenizer are what the model card promises.

Run with `python -m unittest discover -s training/tests` from the repository's root; SECTIONS_ASSETS names
another folder than `assets`.
"""

import json
import os
import pathlib
import struct
import unittest

import coremltools as ct
import numpy as np
from tokenizers import Tokenizer
from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ASSETS = pathlib.Path(os.environ.get("SECTIONS_ASSETS", ROOT / "assets"))
PACKAGE = ASSETS / "section_classifier.mlpackage"
LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]
INT32, FLOAT32 = 131104, 65568  # ArrayFeatureType.ArrayDataType
TEXTS = [
    "Опыт работы с Python от 3 лет, знание Django и PostgreSQL.",
    "Ёлка, чай и йод: всё включено!",
    "ДМС, 5/2, офис у м. «Тверская»",
    "Зарплата 100 000–150 000 ₽ 🚀",
    "",
    "Ответственность " * 300,
]


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = ct.models.MLModel(str(PACKAGE), skip_model_load=True)
        cls.spec = cls.model.get_spec()

    def test_signature(self):
        def found(features):
            return {f.name: (list(f.type.multiArrayType.shape), f.type.multiArrayType.dataType) for f in features}

        wanted = {name: ([1, 128], INT32) for name in ("input_ids", "attention_mask", "token_type_ids")}
        self.assertEqual(found(self.spec.description.input), wanted)
        self.assertEqual(found(self.spec.description.output), {"logits": ([1, 5], FLOAT32)})

    def test_metadata(self):
        metadata = self.model.user_defined_metadata
        self.assertEqual(metadata["max_seq_len"], "128")
        self.assertEqual(json.loads(metadata["labels"]), LABELS)
        self.assertNotIn("com.github.apple.coremltools.conversion_date", metadata)
        self.assertEqual(self.model.license, "MIT")
        self.assertTrue(self.model.author and self.model.short_description)

    def test_is_a_float16_program_for_macos_13(self):
        self.assertEqual(self.spec.WhichOneof("Type"), "mlProgram")
        self.assertEqual(self.spec.specificationVersion, 7)
        raw = (PACKAGE / "Data/com.apple.CoreML/weights/weight.bin").read_bytes()
        count, version = struct.unpack_from("<II", raw)
        self.assertEqual(version, 2)
        offset, kinds = 64, set()
        for _ in range(count):
            sentinel, kind, size, start = struct.unpack_from("<IIQQ", raw, offset)
            self.assertEqual(sentinel, 0xDEADBEEF)
            kinds.add(kind)
            if kind == 1:
                self.assertTrue(np.isfinite(np.frombuffer(raw, "<f2", size // 2, start)).all())
            offset = -(-(start + size) // 64) * 64
        self.assertIn(1, kinds)  # float16
        self.assertNotIn(2, kinds)  # float32

    def test_every_input_is_used(self):
        main = self.spec.mlProgram.functions["main"]
        block = main.block_specializations[main.opset]
        used = {a.name for op in block.operations for i in op.inputs.values() for a in i.arguments}
        self.assertLessEqual({"input_ids", "attention_mask", "token_type_ids"}, used)

    def test_reads_back(self):
        names = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
        wanted = {"Manifest.json", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"}
        self.assertEqual(names, wanted)


class Tokenization(unittest.TestCase):
    def test_transformers_agrees_with_tokenizer_json(self):
        theirs = AutoTokenizer.from_pretrained(str(ASSETS))
        self.assertEqual(type(theirs).__name__, "BertTokenizerFast")
        plain = Tokenizer.from_file(str(ASSETS / "tokenizer.json"))
        self.assertIsNone(plain.padding)
        self.assertIsNone(plain.truncation)
        self.assertEqual(theirs.backend_tokenizer.normalizer.__getstate__(), plain.normalizer.__getstate__())
        for text in TEXTS:
            self.assertEqual(theirs(text)["input_ids"], plain.encode(text).ids)
        pair = theirs("опыт", "работа")
        self.assertEqual(pair["token_type_ids"], plain.encode("опыт", "работа").type_ids)

    def test_special_tokens_and_length(self):
        theirs = AutoTokenizer.from_pretrained(str(ASSETS))
        self.assertEqual(theirs.convert_tokens_to_ids(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]), [0, 1, 2, 3, 4])
        self.assertEqual(theirs.model_max_length, 128)
        cut = theirs(TEXTS[-1], padding="max_length", truncation=True, max_length=128)["input_ids"]
        self.assertEqual((len(cut), cut[0], cut[-1]), (128, 2, 3))


if __name__ == "__main__":
    unittest.main()
