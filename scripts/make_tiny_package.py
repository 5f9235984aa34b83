#!/usr/bin/env python3
"""Make the small genuine package that the package reader is tested on.

    python scripts/make_tiny_package.py tests/data/packages/tiny.mlpackage

Written with coremltools 9.0. The program is no encoder: two embeddings are added, masked, averaged
and projected to five logits. What matters is that coremltools itself lays out every file.
"""

import sys

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

VOCABULARY, HIDDEN, LENGTH = 16, 8, 8
LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]


def build(random: np.random.Generator):
    def weights(*shape):
        return random.standard_normal(shape).astype(np.float16)

    row = [mb.TensorSpec(shape=(1, LENGTH), dtype=types.int32) for _ in range(3)]

    @mb.program(input_specs=row, opset_version=ct.target.macOS13)
    def program(input_ids, attention_mask, token_type_ids):
        words = mb.gather(x=weights(VOCABULARY, HIDDEN), indices=input_ids, axis=0)
        segments = mb.gather(x=weights(2, HIDDEN), indices=token_type_ids, axis=0)
        mask = mb.expand_dims(x=mb.cast(x=attention_mask, dtype="fp16"), axes=[2])
        hidden = mb.mul(x=mb.add(x=words, y=segments), y=mask)
        pooled = mb.reduce_mean(x=hidden, axes=[1])
        logits = mb.linear(x=pooled, weight=weights(5, HIDDEN), bias=weights(5))
        return mb.cast(x=logits, dtype="fp32", name="logits")

    return program


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    model = ct.convert(
        build(np.random.default_rng(20261123)),
        minimum_deployment_target=ct.target.macOS13,
        compute_precision=ct.precision.FLOAT16,
        compute_units=ct.ComputeUnit.ALL,
        skip_model_load=True,
    )
    model.user_defined_metadata["max_seq_len"] = str(LENGTH)
    model.user_defined_metadata["labels"] = ",".join(LABELS)
    model.save(sys.argv[1])


if __name__ == "__main__":
    main()
