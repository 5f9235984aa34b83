"""Averages the weights of checkpoints that were fine-tuned from one start (a "model soup")."""

import argparse

import torch

import encoder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", required=True)
    parser.add_argument("--weights", type=float, nargs="+", help="one per model; equal by default")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    weights = args.weights or [1.0] * len(args.models)
    if len(weights) != len(args.models):
        parser.error(f"expected {len(args.models)} weights, found {len(weights)}")
    model = encoder.load_model(args.models[0])
    states = [encoder.load_model(path).state_dict() for path in args.models]
    mixed = {}
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            parts = [state[name] * weight for state, weight in zip(states, weights)]
            value = torch.stack(parts).sum(0) / sum(weights)
        mixed[name] = value
    model.load_state_dict(mixed)
    encoder.save(model, args.models[0], args.out)


if __name__ == "__main__":
    main()
