"""Stage 5: checkpoint -> section_classifier.mlpackage and the tokenizer files beside it.

The same checkpoint gives the same bytes: the conversion date is left out of the metadata, the protobuf is
written deterministically, and the manifest's item identifiers follow from their paths instead of chance.
"""

import argparse
import json
import pathlib
import shutil
import uuid

import coremltools as ct
import numpy as np
import torch
from coremltools.proto import Model_pb2

import encoder
from labels import LABELS

PACKAGE = "section_classifier.mlpackage"
INPUTS = {
    "input_ids": "Word-piece ids, padded with 0 to 128.",
    "attention_mask": "1 for a real word piece, 0 for padding.",
    "token_type_ids": "All zeros: a single segment.",
}
OUTPUT = "Un-normalised scores of responsibilities, requirements, terms, notes, junk."


class Exported(torch.nn.Module):
    """The classifier as a function of its three inputs; position ids are a constant."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.register_buffer("position_ids", torch.arange(encoder.MAX_LENGTH)[None])

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            position_ids=self.position_ids,
            return_dict=False,
        )[0]


def convert(model):
    """A float16 ML Program for macOS 13."""
    ids = torch.zeros((1, encoder.MAX_LENGTH), dtype=torch.int64)
    mask = ids.clone()
    mask[:, :8] = 1
    traced = torch.jit.trace(Exported(model).eval(), (ids, mask, ids), check_trace=False)
    shape = (1, encoder.MAX_LENGTH)
    return ct.convert(
        traced,
        inputs=[ct.TensorType(name=name, shape=shape, dtype=np.int32) for name in INPUTS],
        outputs=[ct.TensorType(name="logits", dtype=np.float32)],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.macOS13,
        compute_precision=ct.precision.FLOAT16,
        compute_units=ct.ComputeUnit.ALL,
        skip_model_load=True,
    )


def describe(package, args):
    package.author = args.author
    package.license = "MIT"
    package.version = args.version
    package.short_description = (
        "Sorts a fragment of a Russian-language job posting into one of five sections: " + ", ".join(LABELS) + "."
    )
    for name, text in INPUTS.items():
        package.input_description[name] = text
    package.output_description["logits"] = OUTPUT
    package.user_defined_metadata["max_seq_len"] = str(encoder.MAX_LENGTH)
    package.user_defined_metadata["labels"] = json.dumps(LABELS)
    for name in list(package.user_defined_metadata):
        if name.endswith("conversion_date"):
            del package.user_defined_metadata[name]


def make_reproducible(folder):
    """Rewrites the parts of a package that coremltools fills by chance."""
    manifest = json.loads((folder / "Manifest.json").read_text())
    names = {old: str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"])).upper() for old, item in manifest["itemInfoEntries"].items()}
    entries = {names[old]: item for old, item in manifest["itemInfoEntries"].items()}
    manifest["itemInfoEntries"] = dict(sorted(entries.items()))
    manifest["rootModelIdentifier"] = names[manifest["rootModelIdentifier"]]
    (folder / "Manifest.json").write_text(json.dumps(manifest, indent=4) + "\n")
    path = next((folder / "Data").rglob("*.mlmodel"))
    spec = Model_pb2.Model()
    spec.ParseFromString(path.read_bytes())
    path.write_bytes(spec.SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True, help="checkpoint")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the package and the tokenizer files")
    parser.add_argument("--author", default="The vacancy-sections authors")
    parser.add_argument("--version", default="1.0")
    args = parser.parse_args()

    package = convert(encoder.load_model(args.model))
    describe(package, args)
    folder = args.out / PACKAGE
    shutil.rmtree(folder, ignore_errors=True)
    args.out.mkdir(parents=True, exist_ok=True)
    package.save(str(folder))
    make_reproducible(folder)
    for name in encoder.TOKENIZER_FILES:
        shutil.copyfile(args.model / name, args.out / name)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()] + [args.out / name for name in encoder.TOKENIZER_FILES]
    for path in files:
        print(f"{path.stat().st_size:>9} {path.relative_to(args.out)}")
    print(f"{sum(path.stat().st_size for path in files):>9} bytes in all")


if __name__ == "__main__":
    main()
