"""The other way round from export.py: a package -> checkpoint, to go on training from.

The weights come back as the float16 numbers of the package. What is not in it (dropout rates) takes the defaults of
encoder.new_model. Works on packages that export.py wrote: the constants are found by the names of the parameters.
"""

import argparse
import pathlib

import coremltools as ct
import torch
from coremltools.converters.mil.frontend.milproto.load import load as load_program

import encoder
from export import PACKAGE


def operations_of(package):
    """The operations of a package's program."""
    model = ct.models.MLModel(str(package), skip_model_load=True)
    spec = model.get_spec()
    program = load_program(spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir)
    return program.functions["main"].operations


def constants(operations):
    """The arrays of a program, by the name of the constant."""
    return {op.name: op.val.val for op in operations if op.op_type == "const" and getattr(op.val.val, "ndim", 0) > 0}


def heads_of(operations):
    """The weights do not tell the attention heads; attention's softmax does, over `[1, heads, tokens, tokens]`."""
    shapes = {tuple(op.outputs[0].shape) for op in operations if op.op_type == "softmax"}
    match list(shapes):
        case [(_, heads, _, _)]:
            return heads
    raise SystemExit(f"expected softmax over one shape [1, heads, tokens, tokens]; found {sorted(shapes)}")


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


def model_of(package):
    """The classifier that export.py made `package` of, in float16 numbers."""
    operations = operations_of(package)
    found = constants(operations)
    words = parameter(found, "bert.embeddings.word_embeddings.weight")
    inner = "bert.encoder.layer.{}.intermediate.dense.bias"
    layers = 0
    while constant_of(inner.format(layers)) in found:
        layers += 1
    shape = (words.shape[1], layers, heads_of(operations), len(parameter(found, inner.format(0))))
    model = encoder.new_model(len(words), shape)
    state = model.state_dict()
    for name in state:
        if not name.endswith("position_ids"):
            value = parameter(found, name)
            state[name] = value.reshape(state[name].shape)
    model.load_state_dict(state)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=pathlib.Path, required=True, help="folder of the package and the tokenizer files")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()

    model = model_of(args.assets / PACKAGE)
    encoder.save(model, args.assets, args.out)
    shape = model.config
    print(
        f"{shape.hidden_size} wide, {shape.num_hidden_layers} layers, {shape.num_attention_heads} heads, "
        f"{shape.intermediate_size} inner, {shape.vocab_size} pieces"
    )


if __name__ == "__main__":
    main()
