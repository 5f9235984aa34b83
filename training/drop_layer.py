"""Leaves layers out of a checkpoint: a start for a cheaper student that goes on learning."""

import argparse

from transformers import BertForSequenceClassification

import encoder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--keep", type=int, nargs="+", required=True, help="layers that stay, counted from 0")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    model = encoder.load_model(args.model)
    if not all(0 <= layer < model.config.num_hidden_layers for layer in args.keep):
        parser.error(f"expected layers from 0 to {model.config.num_hidden_layers - 1}, found {args.keep}")
    state = {}
    for name, value in model.state_dict().items():
        front, found, rest = name.partition(".layer.")
        if found:
            layer, _, rest = rest.partition(".")
            if int(layer) not in args.keep:
                continue
            name = f"{front}.layer.{args.keep.index(int(layer))}.{rest}"
        state[name] = value
    model.config.num_hidden_layers = len(args.keep)
    small = BertForSequenceClassification(model.config)
    small.load_state_dict(state)
    encoder.save(small, args.model, args.out)


if __name__ == "__main__":
    main()
