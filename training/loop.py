"""The training loop of every stage: soft targets, class weights, word-piece dropout, averaged weights, checkpoints."""

import copy
import math
import time

import numpy as np
import torch
import torch.nn.functional as functional

import encoder
import metrics
from resplit import Resplit


def add_arguments(parser, rate, steps, evaluate):
    parser.add_argument("--steps", type=int, default=steps, help="optimiser steps")
    parser.add_argument("--stop", type=int, default=0, help="stop after this step of the schedule; 0: run it out")
    parser.add_argument("--rate", type=float, default=rate, help="peak learning rate")
    parser.add_argument("--tokens", type=int, default=6144, help="padded tokens per step")
    parser.add_argument("--warmup", type=int, default=200)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--piece-dropout", type=float, default=0.05, help="share of word pieces masked in training")
    parser.add_argument("--resplit", type=float, default=0.0, help="share of word pieces cut in two in training")
    parser.add_argument("--average", type=float, default=0.995, help="decay of the averaged weights")
    parser.add_argument("--evaluate-every", type=int, default=evaluate)
    parser.add_argument("--patience", type=int, default=0, help="evaluations without gain before stopping; 0: never")
    parser.add_argument("--keep", choices=("best", "last"), default="best", help="which averaged weights are stored")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="more than one only on an idle machine")


def set_up(args):
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)


class Dev:
    """The labelled file on which settings are chosen and training stops."""

    def __init__(self, tokenizer, texts, labels):
        self.sequences, self.labels = encoder.encode(tokenizer, texts), np.array(labels)

    def figures(self, model):
        return metrics.figures(encoder.softmax(encoder.logits(model, self.sequences)), self.labels)


def class_weights(targets, power):
    """Inverse share of each class to the given power, mean 1 over the examples; power 1 is "balanced"."""
    share = targets.mean(0).clamp_min(1e-6)
    weights = share.pow(-power)
    return weights / (weights * share).sum()


def optimiser_of(model, rate, weight_decay):
    """AdamW; biases and norms do not decay."""
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, fused=True)


def set_rate(optimiser, peak, step, steps, warmup):
    """Linear to the peak, then half a cosine."""
    rate = peak * min(1.0, (step + 1) / max(1, warmup))
    rate *= 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def average(averaged, model, step, decay):
    """Moves the averaged weights towards the model's; faster at the beginning."""
    decay = min(decay, (step + 1) / (step + 10))
    torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), 1 - decay)


def learn(model, sequences, args, dev, save, cost, tasks=()):
    """Trains `model` in place, and the modules of `tasks` with it, on `cost(batch, rng)`, the loss of those of the `sequences`.

    `save` stores the model's averaged weights, the best by dev accuracy or the last. Returns their figures.
    """
    rng = np.random.default_rng(args.seed)
    optimiser = optimiser_of(torch.nn.ModuleList([model, *tasks]), args.rate, args.weight_decay)
    averaged = copy.deepcopy(model).eval()
    best, stale, queue, started = None, 0, [], time.time()
    model.train()
    last = args.stop or args.steps
    for step in range(last):
        if not queue:
            queue = encoder.batches(sequences, args.tokens, rng)
        set_rate(optimiser, args.rate, step, args.steps, args.warmup)
        loss = cost(queue.pop(), rng)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average(averaged, model, step, args.average)
        if (step + 1) % args.evaluate_every == 0 or step + 1 == last:
            found = dev.figures(averaged)
            print(f"step {step + 1} {time.time() - started:.0f} s loss {loss.item():.3f} {metrics.line(found)}", flush=True)
            if args.keep == "last" or best is None or found["accuracy5"] > best["accuracy5"]:
                best, stale = found, 0
                save(averaged)
            else:
                stale += 1
                if args.patience and stale >= args.patience:
                    break
    print(f"kept {metrics.line(best)}", flush=True)
    return best


def train(model, tokenizer, sequences, targets, args, dev, save, weights=None):
    """`learn` on the cross-entropy to `targets`, each class by its weight."""
    resplit = Resplit(tokenizer, args.resplit)

    def cost(batch, rng):
        ids, mask = encoder.pad([resplit(sequences[index], rng) for index in batch])
        hidden = (torch.rand(ids.shape) < args.piece_dropout) & (ids > encoder.MASK)
        logits = model(input_ids=ids.masked_fill(hidden, encoder.MASK), attention_mask=mask).logits
        if weights is None:
            return functional.cross_entropy(logits, targets[batch])
        return -(functional.log_softmax(logits, -1) * targets[batch] * weights).sum(1).mean()

    return learn(model, sequences, args, dev, save, cost)
