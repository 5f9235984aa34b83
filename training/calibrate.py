"""Stage 4: temperature scaling on a labelled file, baked into the last layer of the checkpoint."""

import argparse

import numpy as np
import torch
from scipy.optimize import minimize_scalar

import encoder
import metrics
import rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(2)
    texts, labels = rows.labelled_fragments(rows.read(args.data), args.data)
    model = encoder.load_model(args.model)
    values = encoder.logits(model, encoder.encode(encoder.load_tokenizer(args.model), texts))
    cost = lambda log: metrics.figures(encoder.softmax(values / np.exp(log)), labels)["nll"]
    temperature = float(np.exp(minimize_scalar(cost, bounds=(-1.5, 1.5), method="bounded").x))
    with torch.no_grad():
        model.classifier.weight.div_(temperature)
        model.classifier.bias.div_(temperature)
    encoder.save(model, args.model, args.out)
    print(f"temperature {temperature:.4f}")
    print("before " + metrics.line(metrics.figures(encoder.softmax(values), labels)))
    print("after  " + metrics.line(metrics.figures(encoder.softmax(values / temperature), labels)))


if __name__ == "__main__":
    main()
