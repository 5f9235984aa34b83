"""The student: a small BERT classifier, its tokenizer and its batches."""

import pathlib
import shutil

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification

from labels import LABELS

MAX_LENGTH = 128
PAD, UNK, CLS, SEP, MASK = range(5)
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def load_tokenizer(folder):
    return Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))


def encode(tokenizer, texts):
    """Unpadded ids with [CLS] and [SEP], cut at 128 as `truncation=True, max_length=128` does."""
    encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [[CLS] + item.ids[: MAX_LENGTH - 2] + [SEP] for item in encoded]


def new_model(vocabulary, shape, dropout=0.1):
    """`shape` is (width, layers, heads, feed-forward)."""
    width, layers, heads, inner = shape
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-5,  # 1e-12 would be zero in float16
        id2label=dict(enumerate(LABELS)),
        label2id={name: index for index, name in enumerate(LABELS)},
        attn_implementation="sdpa",
    )
    return BertForSequenceClassification(config)


def load_model(folder, attention="sdpa", **config):
    return BertForSequenceClassification.from_pretrained(folder, attn_implementation=attention, **config)


def save(model, tokenizer_folder, folder):
    """A checkpoint folder that holds the model and its tokenizer."""
    model.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        source, target = pathlib.Path(tokenizer_folder) / name, pathlib.Path(folder) / name
        if source.resolve() != target.resolve():
            shutil.copyfile(source, target)


def multiply_adds(config, length=14):
    """Multiply-adds of the encoder layers per token, attention over `length` tokens included."""
    width, inner = config.hidden_size, config.intermediate_size
    return config.num_hidden_layers * (4 * width * width + 2 * width * inner + 2 * length * width)


def pad(sequences, padding=PAD):
    """`input_ids` and `attention_mask` of the same length."""
    length = max(map(len, sequences))
    ids = torch.full((len(sequences), length), padding)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
    return ids, (ids != padding).long()


def batches(sequences, tokens, rng=None):
    """Index lists of similar length, each of at most `tokens` padded tokens; shuffled when `rng` is given."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=float)
    order = np.argsort(lengths + (rng.random(len(lengths)) * 3 if rng else 0), kind="stable")
    found, current, longest = [], [], 0
    for index in order:
        longest = max(longest, len(sequences[index]))
        if current and (len(current) + 1) * longest > tokens:
            found.append(current)
            current, longest = [], len(sequences[index])
        current.append(int(index))
    if current:
        found.append(current)
    if rng:
        rng.shuffle(found)
    return found


@torch.inference_mode()
def logits(model, sequences, tokens=8192):
    """Logits `[n, 5]` in the order of `sequences`."""
    training = model.training
    model.eval()
    out = np.zeros((len(sequences), len(LABELS)), dtype=np.float32)
    for batch in batches(sequences, tokens):
        ids, mask = pad([sequences[index] for index in batch])
        out[batch] = model(input_ids=ids, attention_mask=mask).logits.float().numpy()
    model.train(training)
    return out


def softmax(values):
    shifted = np.exp(values - values.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)
