"""Puts a layer into a checkpoint that changes little at first: a start for a deeper student that goes on learning."""

import argparse

from transformers import BertForSequenceClassification

import encoder

QUIET = 0.02  # what is left of the weights by which the new layer adds to its input


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--after", type=int, default=0, help="the layer that the new one follows and is a copy of, counted from 0")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model = encoder.load_model(args.model)
    layers = model.config.num_hidden_layers
    if not 0 <= args.after < layers:
        parser.error(f"expected a layer from 0 to {layers - 1}, found {args.after}")
    model.config.num_hidden_layers = layers + 1
    deep = BertForSequenceClassification(model.config)
    deep.load_state_dict(model.state_dict(), strict=False)
    old, new = model.bert.encoder.layer, deep.bert.encoder.layer
    for index in range(layers, args.after, -1):
        new[index].load_state_dict(old[index - 1].state_dict())
    added = new[args.after + 1]
    for part in (added.attention.output, added.output):
        part.dense.weight.data *= QUIET
        part.dense.bias.data.zero_()
        part.LayerNorm.load_state_dict(old[args.after].output.LayerNorm.state_dict())
    encoder.save(deep, args.model, args.out)


if __name__ == "__main__":
    main()
