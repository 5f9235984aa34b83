"""Puts a layer into a checkpoint that changes little at first: a start for a deeper student that goes on learning."""

import argparse
import copy

import encoder

QUIET = 0.02  # what is left of the weights by which the new layer adds to its input


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--after", type=int, default=0, help="the layer that the new one follows and is a copy of, counted from 0")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model = encoder.load_model(args.model)
    layers = model.bert.encoder.layer
    if not 0 <= args.after < len(layers):
        parser.error(f"expected a layer from 0 to {len(layers) - 1}, found {args.after}")
    before = layers[args.after]
    added = copy.deepcopy(before)
    for part in (added.attention.output, added.output):
        part.dense.weight.data *= QUIET
        part.dense.bias.data.zero_()
        part.LayerNorm.load_state_dict(before.output.LayerNorm.state_dict())
    layers.insert(args.after + 1, added)
    model.config.num_hidden_layers = len(layers)
    encoder.save(model, args.model, args.out)


if __name__ == "__main__":
    main()
