"""Leaves layers out of a checkpoint: a start for a cheaper student that goes on learning."""

import argparse

import torch.nn as nn

import encoder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--keep", type=int, nargs="+", required=True, help="layers that stay, counted from 0")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model = encoder.load_model(args.model)
    layers = model.bert.encoder.layer
    if not all(0 <= layer < len(layers) for layer in args.keep) or len(set(args.keep)) < len(args.keep):
        parser.error(f"expected different layers from 0 to {len(layers) - 1}, found {args.keep}")
    model.bert.encoder.layer = nn.ModuleList(layers[layer] for layer in args.keep)
    model.config.num_hidden_layers = len(args.keep)
    encoder.save(model, args.model, args.out)


if __name__ == "__main__":
    main()
