"""The network of src/aggregate/sequence/network.rs in PyTorch, and its table."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softsign

CLASSES = 10
LAYERS = ("read", "first", "mix", "second", "gather", "decide")


class Network(nn.Module):
    def __init__(self, features, buckets, hidden, dropout=0.1):
        super().__init__()
        self.hidden = hidden
        self.words = nn.EmbeddingBag(buckets, hidden, mode="mean")
        nn.init.normal_(self.words.weight, std=0.2)
        self.read = nn.Linear(features, hidden)
        self.first, self.second = nn.Linear(hidden, 4 * hidden), nn.Linear(hidden, 4 * hidden)
        self.mix, self.gather = nn.Linear(3 * hidden, hidden), nn.Linear(3 * hidden, hidden)
        self.decide = nn.Linear(hidden, CLASSES)
        self.drop = nn.Dropout(dropout)
        with torch.no_grad():
            for layer in (self.first, self.second):
                layer.bias[: 2 * hidden] = 1.0

    def carried(self, layer, x, real):
        """`[batch, time, 3 hidden]`: the vectors, the gated sums forwards and backwards."""
        hidden = self.hidden
        parts = layer(x)
        keep = torch.where(real[..., None], 0.5 + 0.5 * softsign(parts[..., : 2 * hidden]), 1.0)
        added = (1 - keep) * parts[..., 2 * hidden :]
        turned = lambda values: torch.cat([values[..., :hidden], values[..., hidden:].flip(1)], -1)
        state, states = torch.zeros(len(x), 2 * hidden), []
        for share, value in zip(turned(keep).unbind(1), turned(added).unbind(1)):
            state = share * state + value
            states.append(state)
        return torch.cat([x, turned(torch.stack(states, 1))], -1)

    def forward(self, features, words, counts, lengths):
        """Logits of all fragments, vacancy after vacancy. A fragment without words has none of their mean."""
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), counts.cumsum(0)[:-1]])
        vectors = torch.relu(self.read(features) + self.words(words, offsets))
        parts = vectors.split(list(lengths))
        x = self.drop(nn.utils.rnn.pad_sequence(list(parts), batch_first=True))
        real = torch.arange(x.shape[1])[None] < torch.tensor(lengths)[:, None]
        x = self.drop(torch.relu(self.mix(self.carried(self.first, x, real))))
        x = self.drop(torch.relu(self.gather(self.carried(self.second, x, real))))
        logits = self.decide(x)
        return torch.cat([row[:length] for row, length in zip(logits, lengths)])


def by_section(log_classes):
    """Log-probabilities of the sections, headings counted with theirs."""
    half = CLASSES // 2
    return torch.logaddexp(log_classes[:, :half], log_classes[:, half:])


def quantise(net):
    """Rounds the words' rows to eight bits, as the table stores them; returns numbers and scale."""
    rows = net.words.weight.detach()
    scale = float(rows.abs().max()) / 127
    numbers = torch.clamp((rows / scale).round(), -127, 127).to(torch.int8)
    with torch.no_grad():
        net.words.weight.copy_(numbers.float() * scale)
    return numbers.numpy(), scale


def write(path, net, head, threshold, comments):
    """The table that src/aggregate/sequence/parameters.rs reads."""
    numbers, scale = quantise(net)
    lines = ["vacancy-sections sequence 2", *(f"# {comment}" for comment in comments)]
    lines += [f"hidden {net.hidden}", f"buckets {len(numbers)}"]
    lines += [f"feature {name} {width}" for name, width in head["groups"]]
    lines += [f"junk_threshold {threshold:g}", f"word_scale {scale:.9g}", "data"]
    with open(path, "wb") as out:
        out.write("".join(line + "\n" for line in lines).encode())
        out.write(numbers.tobytes())
        for name in LAYERS:
            layer = getattr(net, name)
            out.write(layer.weight.detach().numpy().T.astype("<f4").tobytes())
            out.write(layer.bias.detach().numpy().astype("<f4").tobytes())


def load(path):
    """The network of a table, and its head as a dictionary of words."""
    with open(path, "rb") as table:
        raw = table.read()
    head, data = raw.split(b"\ndata\n", 1)
    lines = [line.split() for line in head.decode().splitlines()[1:] if not line.startswith("#")]
    named = {line[0]: line[1] for line in lines if line[0] != "feature"}
    features = sum(int(line[2]) for line in lines if line[0] == "feature")
    hidden, buckets = int(named["hidden"]), int(named["buckets"])
    net = Network(features, buckets, hidden)
    at = buckets * hidden
    rows = np.frombuffer(data, dtype=np.int8, count=at).reshape(buckets, hidden)
    with torch.no_grad():
        net.words.weight.copy_(torch.tensor(rows.astype(np.float32) * float(named["word_scale"])))
        for name in LAYERS:
            for part in (getattr(net, name).weight, getattr(net, name).bias):
                shape = part.shape[::-1]
                values = np.frombuffer(data, dtype="<f4", count=part.numel(), offset=at).reshape(shape)
                part.copy_(torch.tensor(values.T.copy()))
                at += 4 * part.numel()
    return net.eval(), named
