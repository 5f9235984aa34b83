"""The other way round from export.py: a package -> checkpoint, to go on training from.

The weights come back as the float16 numbers of the package. What is not in it (dropout rates) takes the defaults of
encoder.new_model. Works on packages that export.py wrote: the constants are found by the names of the parameters.
"""

import argparse
import pathlib
import shutil

import coremltools as ct
import torch
from coremltools.converters.mil.frontend.milproto.load import load as load_program

import encoder
from export import PACKAGE


def constants(package):
    """The arrays of a package's program, by the name of the constant."""
    model = ct.models.MLModel(str(package), skip_model_load=True)
    spec = model.get_spec()
    program = load_program(spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir)
    operations = program.functions["main"].operations
    return {op.name: op.val.val for op in operations if op.op_type == "const" and getattr(op.val.val, "ndim", 0) > 0}


# The positions are looked up while tracing: their rows stand in the program, not the table.
POSITIONS = "bert.embeddings.position_embeddings.weight"


def constant_of(name):
    return "position_embeddings_1_to_fp16" if name == POSITIONS else "model_" + name.replace(".", "_") + "_to_fp16"


def parameter(found, name):
    """The constant that the exporter made of a parameter."""
    constant = constant_of(name)
    if constant not in found:
        raise SystemExit(f"expected a constant {constant!r} for {name!r}; found {sorted(found)}")
    return torch.tensor(found[constant].astype("float32"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=pathlib.Path, required=True, help="folder of the package and the tokenizer files")
    parser.add_argument("--heads", type=int, default=5, help="attention heads: the weights do not tell")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()

    found = constants(args.assets / PACKAGE)
    words = parameter(found, "bert.embeddings.word_embeddings.weight")
    inner = "bert.encoder.layer.{}.intermediate.dense.bias"
    layers = 0
    while constant_of(inner.format(layers)) in found:
        layers += 1
    width, feed_forward = words.shape[1], len(parameter(found, inner.format(0)))
    model = encoder.new_model(len(words), (width, layers, args.heads, feed_forward))
    state = model.state_dict()
    for name in state:
        if not name.endswith("position_ids"):
            value = parameter(found, name)
            state[name] = value.reshape(state[name].shape)
    model.load_state_dict(state)
    args.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(args.out)
    for name in encoder.TOKENIZER_FILES:
        shutil.copyfile(args.assets / name, args.out / name)
    print(f"{width} wide, {layers} layers, {args.heads} heads, {feed_forward} inner, {len(words)} pieces")


if __name__ == "__main__":
    main()
