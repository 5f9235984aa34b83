"""Figures of a checkpoint on a labelled file, fragment by fragment, with bootstrap intervals over vacancies."""

import argparse

import numpy as np
import torch

import encoder
import metrics
import rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--probabilities", help="also store the probabilities in this .npz, in file order")
    args = parser.parse_args()
    torch.set_num_threads(2)
    vacancies = rows.read(args.data)
    texts, labels = rows.labelled_fragments(vacancies, args.data)
    groups = [index for index, vacancy in enumerate(vacancies) for _ in vacancy["fragments"]]
    sequences = encoder.encode(encoder.load_tokenizer(args.model), texts)
    model = encoder.load_model(args.model)
    probabilities = encoder.softmax(encoder.logits(model, sequences))
    found = metrics.figures(probabilities, labels)
    print(metrics.line(found))
    print("F1 " + " ".join(f"{name} {value:.4f}" for name, value in found["f1"].items()))
    for name in ("accuracy5", "content_accuracy", "macro_f1"):
        low, high = metrics.bootstrap(probabilities, labels, groups, name)
        print(f"{name} {found[name]:.4f} [{low:.4f}, {high:.4f}]")
    print(f"{encoder.multiply_adds(model.config)} multiply-adds per token, {model.num_parameters()} parameters")
    if args.probabilities:
        np.savez(args.probabilities, probabilities=probabilities, labels=np.array(labels), vacancy=np.array(groups))


if __name__ == "__main__":
    main()
