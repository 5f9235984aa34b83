#!/usr/bin/env python3
"""Makes the small `.mlpackage` fixtures of tests/data/packages and the logits that go with them.

Every package is a classifier with the signature of the model card: int32 `[1, 128]` inputs
`input_ids`, `attention_mask`, `token_type_ids`, one float32 `[1, 5]` output `logits`, ML Program,
float16, macOS 13, position ids baked as a constant, `max_seq_len` and `labels` in the user-defined
metadata. Weights are random and already representable in float16, so that the recorded logits,
computed by PyTorch in float32, differ from the package's by its constants' rounding only.

    make_reference_packages.py [--out tests/data/packages] [--only NAME ...]
    make_reference_packages.py --rubert-shape --out DIR

The second form makes one package of the shape of cointegrated/rubert-tiny (vocabulary 29,564,
hidden 312, 3 layers, 12 heads, intermediate 600) with random weights that are *not* rounded.

Needs torch 2.7.0, transformers 4.52.4, coremltools 9.0 and numpy.
"""

import argparse
import json
import logging
import math
import shutil
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import coremltools as ct  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
import transformers  # noqa: E402
from coremltools.converters.mil import Builder as mb  # noqa: E402
from coremltools.converters.mil.mil import types  # noqa: E402
from torch import nn  # noqa: E402
from transformers import (  # noqa: E402
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
)

SEQ = 128
LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
PAD, UNK, CLS, SEP, MASK, FIRST = 0, 1, 2, 3, 4, 5
# Both ends and both sides of the powers of two.
LENGTHS = [2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128]
SPREAD = 2.0


# --------------------------------------------------------------------------- inputs


def rows_for(lengths, vocab, uses_types, seed):
    rng = np.random.default_rng(seed)
    rows = []
    for number, length in enumerate(lengths):
        ids = rng.integers(FIRST, vocab, size=length)
        ids[0] = CLS
        ids[-1] = SEP
        row = {"input_ids": [int(i) for i in ids]}
        if uses_types and number % 3 != 0:
            # Alternately a second segment, as for a pair of texts, and types in any order.
            if number % 3 == 1:
                kinds = np.arange(length) >= max(1, length // 3)
            else:
                kinds = rng.integers(0, 2, size=length)
            row["token_type_ids"] = [int(k) for k in kinds]
        rows.append(row)
    return rows


def padded(row):
    length = len(row["input_ids"])
    fill = [0] * (SEQ - length)
    ids = np.array([row["input_ids"] + fill], dtype=np.int32)
    mask = np.array([[1] * length + fill], dtype=np.int32)
    kinds = np.array([row.get("token_type_ids", [0] * length) + fill], dtype=np.int32)
    return ids, mask, kinds


# --------------------------------------------------------------------------- weights


def draw(module, seed, exact):
    """Random weights large enough for every token to move the logits."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, part in module.named_modules():
            if isinstance(part, nn.Linear):
                gain = 1.6 if any(k in name for k in ("query", "key", "q_lin", "k_lin", "qkv")) else 1.2
                part.weight.normal_(std=gain / math.sqrt(part.in_features))
                part.bias.normal_(std=0.1)
                # Exporters store all-zero biases of one size once; some of them are.
                if name.endswith(("value", "v_lin")):
                    part.bias.zero_()
            elif isinstance(part, nn.Embedding):
                part.weight.normal_(std=0.4 if "position" in name else 1.0)
            elif isinstance(part, nn.LayerNorm) or type(part).__name__ == "PlainLayerNorm":
                part.weight.copy_(1 + 0.2 * torch.randn_like(part.weight))
                part.bias.normal_(std=0.1)
        if exact:
            round_to_half(module)


def round_to_half(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())


def logits_of(module, rows):
    with torch.no_grad():
        out = [module(*(torch.from_numpy(a) for a in padded(row))).numpy()[0] for row in rows]
    return np.array(out, dtype=np.float32)


def spread_of(logits):
    """Smallest range, over the rows, of one class's logit."""
    return float((logits.max(0) - logits.min(0)).min())


def widen(module, last, rows, exact):
    """Scales the last layer until every class's logit ranges over `SPREAD`."""
    factor = SPREAD / spread_of(logits_of(module, rows))
    with torch.no_grad():
        # The mean goes, so that the arguments of the maximum differ between rows.
        last.weight.mul_(factor)
        last.bias.sub_(torch.from_numpy(logits_of(module, rows).mean(0)))
        if exact:
            last.weight.copy_(last.weight.half().float())
            last.bias.copy_(last.bias.half().float())


# --------------------------------------------------------------------------- models


class Exported(nn.Module):
    """A transformers classifier with the three inputs of the model card."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        kind = model.config.model_type
        self.types = kind != "distilbert"
        self.positions = kind != "distilbert"
        self.register_buffer("position_ids", torch.arange(SEQ)[None])

    def forward(self, input_ids, attention_mask, token_type_ids):
        more = {}
        if self.positions:
            more["position_ids"] = self.position_ids
        if self.types:
            more["token_type_ids"] = token_type_ids
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **more).logits


def bert(**kw):
    config = BertConfig(max_position_embeddings=SEQ, num_labels=5, **kw)
    model = BertForSequenceClassification(config).eval()
    return Exported(model).eval(), model.classifier


def distilbert(**kw):
    config = DistilBertConfig(max_position_embeddings=SEQ, num_labels=5, **kw)
    model = DistilBertForSequenceClassification(config).eval()
    return Exported(model).eval(), model.classifier


def electra(**kw):
    config = ElectraConfig(max_position_embeddings=SEQ, num_labels=5, **kw)
    model = ElectraForSequenceClassification(config).eval()
    return Exported(model).eval(), model.classifier.out_proj


class FusedBlock(nn.Module):
    def __init__(self, hidden, heads, inner):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden)
        self.norm2 = nn.LayerNorm(hidden)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)

    def forward(self, x, mask):
        batch, length, hidden = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, hidden // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.norm1(x + self.out(context.transpose(1, 2).reshape(batch, length, hidden)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Fused(nn.Module):
    """A small encoder as written by hand: fused QKV, no token types, fused attention call."""

    def __init__(self, vocab, hidden, heads, inner, layers):
        super().__init__()
        self.words = nn.Embedding(vocab, hidden)
        self.positions = nn.Embedding(SEQ, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.blocks = nn.ModuleList(FusedBlock(hidden, heads, inner) for _ in range(layers))
        self.pooler = nn.Linear(hidden, hidden)
        self.classifier = nn.Linear(hidden, 5)
        self.register_buffer("position_ids", torch.arange(SEQ)[None])

    def forward(self, input_ids, attention_mask, token_type_ids):
        keys = attention_mask[:, None, None, :].bool()
        x = self.norm(self.words(input_ids) + self.positions(self.position_ids))
        for block in self.blocks:
            x = block(x, keys)
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))


class PlainLayerNorm(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden))
        self.bias = nn.Parameter(torch.zeros(hidden))

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True)
        deviation = torch.sqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-5)
        return self.weight * (centred / deviation) + self.bias


class Decomposed(nn.Module):
    """One layer with norms and activation spelled out, a float mask, pooled over the mask."""

    def __init__(self, vocab, hidden, heads, inner):
        super().__init__()
        self.heads = heads
        self.words = nn.Embedding(vocab, hidden)
        self.types = nn.Embedding(2, hidden)
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.norm = PlainLayerNorm(hidden)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = PlainLayerNorm(hidden)
        self.classifier = nn.Linear(2 * hidden, 5)

    def forward(self, input_ids, attention_mask, token_type_ids):
        x = self.words(input_ids) + self.types(token_type_ids)
        real = torch.logical_and(input_ids.ne(0), attention_mask.bool())
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        heads = lambda t: t.reshape(1, SEQ, self.heads, -1).permute(0, 2, 1, 3)  # noqa: E731
        bias = torch.logical_not(real)[:, None, None, :].float() * -10000.0
        context = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=bias)
        x = self.norm(x + context.permute(0, 2, 1, 3).reshape(1, SEQ, -1))
        inner = self.up(x)
        inner = inner * 0.5 * (1.0 + torch.erf(inner / math.sqrt(2.0)))
        x = self.norm2(x + self.down(inner))
        shown = real.float().unsqueeze(-1)
        mean = (x * shown).sum(1) / shown.sum(1)
        return self.classifier(torch.cat([x[:, 0:1].squeeze(1), mean], dim=-1))


def own(cls, **kw):
    module = cls(**kw).eval()
    return module, module.classifier


# --------------------------------------------------------------------------- export


def convert(module, passes=None):
    zeros = torch.zeros(1, SEQ, dtype=torch.int32)
    traced = torch.jit.trace(module, (zeros, zeros + 1, zeros), strict=False)
    return ct.convert(
        traced,
        inputs=[ct.TensorType(name=n, shape=(1, SEQ), dtype=np.int32) for n in INPUTS],
        outputs=[ct.TensorType(name="logits", dtype=np.float32)],
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT16,
        minimum_deployment_target=ct.target.macOS13,
        compute_units=ct.ComputeUnit.ALL,
        skip_model_load=True,
        **({"pass_pipeline": passes} if passes else {}),
    )


def save(model, out, name, rows, logits):
    spread = spread_of(logits)
    winners = len(set(logits.argmax(1).tolist()))
    if spread < 1 or winners < 3 or not np.isfinite(logits).all():
        sys.exit(f"{name}: spread {spread:.3f}, {winners} different winners")
    model.user_defined_metadata["max_seq_len"] = str(SEQ)
    model.user_defined_metadata["labels"] = json.dumps(LABELS)
    model.short_description = "Random weights, for tests"
    package = out / f"{name}.mlpackage"
    if package.exists():
        shutil.rmtree(package)
    model.save(str(package))
    for row, values in zip(rows, logits):
        row["logits"] = [float(f"{v:.8g}") for v in values]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (out / f"{name}.json").write_text('{"rows":[\n' + lines + "\n]}\n")
    size = sum(f.stat().st_size for f in package.rglob("*") if f.is_file())
    spec = model.get_spec()
    function = spec.mlProgram.functions["main"]
    ops = function.block_specializations[function.opset].operations
    kinds = sorted({o.type for o in ops})
    print(f"{name}: {size} B, {len(rows)} rows, spread {spread:.2f}, {winners} winners")
    print(f"    {len(ops)} ops: {' '.join(kinds)}")


def torch_fixture(out, name, made, vocab, uses_types=True, seed=1, passes=None, after=None):
    module, last = made
    draw(module, seed, exact=True)
    rows = rows_for(LENGTHS, vocab, uses_types, seed)
    widen(module, last, rows, exact=True)
    model = convert(module, passes)
    if after:
        model = after(model, module)
    logits = logits_of(module, rows)
    save(model, out, name, rows, logits)


def compress(model, module):
    """Linear, palettised and sparse weights in one package; the module gets the same weights."""
    cto = ct.optimize.coreml
    names = [n for n in cto.get_weights_metadata(model, weight_threshold=16)]
    linear = [n for n in names if "word_embeddings" in n or "query" in n or "pooler" in n]
    pruned = [n for n in names if "key" in n and n.endswith("weight_to_fp16")]
    lut = [n for n in names if n not in linear + pruned and "Norm" not in n and "bias" not in n]
    config = lambda chosen, op: cto.OptimizationConfig(op_name_configs={n: op for n in chosen})  # noqa: E731
    linear_op = cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=16)
    affine_op = cto.OpLinearQuantizerConfig(mode="linear", dtype="uint8", weight_threshold=16)
    model = cto.linear_quantize_weights(model, config(linear[:-1], linear_op))
    model = cto.linear_quantize_weights(model, config(linear[-1:], affine_op))
    prune_op = cto.OpMagnitudePrunerConfig(target_sparsity=0.6, weight_threshold=16)
    model = cto.prune_weights(model, config(pruned, prune_op))
    for nbits, chosen in ((4, lut[:-1]), (6, lut[-1:])):
        op = cto.OpPalettizerConfig(mode="uniform", nbits=nbits, weight_threshold=16)
        model = cto.palettize_weights(model, config(chosen, op))
    dense = cto.decompress_weights(model)
    values = {}
    for op in dense._mil_program.functions["main"].operations:
        if op.op_type == "const":
            name = op.outputs[0].name
            for suffix in ("_quantized", "_sparsified", "_palettized"):
                name = name.removesuffix(suffix)
            values[name.removesuffix("_to_fp16")] = op.outputs[0].val
    # Baked: the rows of the position table, gathered at conversion.
    position = "model.bert.embeddings.position_embeddings.weight"
    baked = [n for n in values if n.startswith("position_embeddings")]
    values[position.replace(".", "_")] = values[baked[0]][0]
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            value = values[key.replace(".", "_")].astype(np.float32)
            parameter.copy_(torch.from_numpy(value.reshape(parameter.shape)))
    print(f"    {len(linear)} linear, {len(pruned)} pruned, {len(lut)} palettised")
    return model


# --------------------------------------------------------------------------- MIL program


def mil_fixture(out, name):
    """A program of the remaining ops, its reference computed with numpy."""
    rng = np.random.default_rng(7)
    vocab, width = 40, 8
    half = lambda a: a.astype(np.float16).astype(np.float32)  # noqa: E731
    table = half(rng.normal(size=(vocab, width)))
    kinds_table = half(rng.normal(size=(2, width)))
    mix = half(rng.normal(size=(width, width)) / math.sqrt(width))
    last = half(rng.normal(size=(5, 3 * width)) * 0.3)
    bias = half(rng.normal(size=5) * 0.1)

    specs = [mb.TensorSpec((1, SEQ), dtype=types.int32) for _ in INPUTS]

    def program(input_ids, attention_mask, token_type_ids):
        shown = mb.logical_and(x=mb.not_equal(x=input_ids, y=0), y=mb.cast(x=attention_mask, dtype="bool"))
        low = mb.logical_or(x=mb.less(x=input_ids, y=12), y=mb.logical_not(x=shown))
        odd = mb.equal(x=mb.mod(x=input_ids, y=2), y=1)
        flip = mb.logical_xor(x=low, y=odd)
        third = mb.cast(x=mb.floor_div(x=input_ids, y=3), dtype="fp32")
        real = mb.expand_dims(x=mb.cast(x=shown, dtype="fp32"), axes=[-1])
        count = mb.reduce_sum(x=real, axes=[1], keep_dims=True)
        kinds = mb.gather(x=kinds_table, indices=token_type_ids, axis=0)
        words = mb.gather(x=table, indices=input_ids, axis=0)
        x = mb.select(cond=mb.expand_dims(x=flip, axes=[2]), a=mb.add(x=words, y=kinds), b=words)
        x = mb.mul(x=x, y=real)
        mean = mb.real_div(x=mb.reduce_sum(x=x, axes=[1], keep_dims=True), y=count)
        centred = mb.mul(x=mb.sub(x=x, y=mean), y=real)
        squares = mb.reduce_sum(x=mb.pow(x=centred, y=2.0), axes=[1], keep_dims=True)
        deviation = mb.sqrt(x=mb.add(x=mb.real_div(x=squares, y=count), y=0.01))
        x = mb.real_div(x=centred, y=deviation)
        a, b, c = mb.split(x=x, split_sizes=[2, 3, 3], axis=-1)
        b, c = mb.maximum(x=b, y=c), mb.minimum(x=b, y=c)
        x = mb.concat(values=[mb.erf(x=a), mb.sigmoid(x=b), mb.tanh(x=c)], axis=2)
        x = mb.matmul(x=x, y=mix, transpose_x=False, transpose_y=True)
        weights = mb.mul(x=mb.exp(x=mb.mul(x=mb.expand_dims(x=third, axes=[2]), y=-0.1)), y=real)
        weighted = mb.reduce_sum(x=mb.mul(x=x, y=weights), axes=[1], keep_dims=False)
        biggest = mb.reduce_max(x=mb.mul(x=x, y=real), axes=[1], keep_dims=False)
        size = mb.squeeze(x=mb.log(x=count, epsilon=1e-6), axes=[2])
        ones = mb.fill(shape=[1, width], value=1.0)
        scale = mb.mul(x=ones, y=mb.rsqrt(x=mb.add(x=size, y=1.0), epsilon=1e-6))
        first = mb.slice_by_index(
            x=x, begin=[0, 0, 0], end=[1, 1, width], begin_mask=[True, False, True],
            end_mask=[True, False, True], squeeze_mask=[False, True, False],
        )
        one, two = mb.split(x=mb.mul(x=weighted, y=scale), num_splits=2, axis=1)
        gap = mb.abs(x=mb.reduce_mean(x=mb.sub(x=one, y=two), axes=[-1], keep_dims=True))
        pooled = mb.concat(values=[mb.add(x=mb.concat(values=[one, two], axis=1), y=gap), biggest, first], axis=-1)
        return mb.linear(x=pooled, weight=last, bias=bias, name="logits")

    def reference(row):
        ids, mask, kinds = (a[0] for a in padded(row))
        shown = (ids != 0) & (mask != 0)
        flip = ((ids < 12) | ~shown) ^ (ids % 2 == 1)
        real = shown.astype(np.float64)[:, None]
        count = real.sum()
        words = table[ids].astype(np.float64)
        x = np.where(flip[:, None], words + kinds_table[kinds], words) * real
        centred = (x - x.sum(0) / count) * real
        x = centred / np.sqrt((centred**2).sum(0) / count + 0.01)
        a, b, c = x[:, :2], x[:, 2:5], x[:, 5:]
        b, c = np.maximum(b, c), np.minimum(b, c)
        erf = np.vectorize(math.erf)
        x = np.concatenate([erf(a), 1 / (1 + np.exp(-b)), np.tanh(c)], 1) @ mix.T
        weighted = (x * np.exp(-0.1 * (ids // 3))[:, None] * real).sum(0)
        biggest = (x * real).max(0)
        scaled = weighted / np.sqrt(np.log(count + 1e-6) + 1 + 1e-6)
        gap = abs((scaled[:4] - scaled[4:]).mean())
        return last @ np.concatenate([scaled + gap, biggest, x[0]]) + bias

    rows = rows_for(LENGTHS, vocab, True, 7)
    logits = np.array([reference(row) for row in rows])
    # The mean goes into the bias, so that the arguments of the maximum differ between rows.
    bias -= half(logits.mean(0))
    logits = np.array([reference(row) for row in rows], dtype=np.float32)
    # Nothing may be folded or fused: the ops are the point.
    model = ct.convert(
        mb.program(input_specs=specs, opset_version=ct.target.iOS16)(program),
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.macOS13,
        pass_pipeline=ct.PassPipeline.EMPTY,
        skip_model_load=True,
    )
    save(model, out, name, rows, logits)


# --------------------------------------------------------------------------- everything


def plain_passes():
    pipeline = ct.PassPipeline()
    pipeline.remove_passes(
        {
            "common::fuse_gelu_exact",
            "common::fuse_gelu_tanh_approximation",
            "common::fuse_layernorm_or_instancenorm",
            "common::divide_to_multiply",
        }
    )
    return pipeline


FIXTURES = {
    "bert_eager": lambda out, n: torch_fixture(
        out, n,
        bert(vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
             intermediate_size=24, hidden_act="gelu", attn_implementation="eager"),
        vocab=32),
    "bert_sdpa_tanh": lambda out, n: torch_fixture(
        out, n,
        bert(vocab_size=40, hidden_size=12, num_hidden_layers=1, num_attention_heads=3,
             intermediate_size=20, hidden_act="gelu_new", attn_implementation="sdpa"),
        vocab=40, seed=2),
    "distilbert_sdpa": lambda out, n: torch_fixture(
        out, n,
        distilbert(vocab_size=32, dim=12, n_layers=1, n_heads=6, hidden_dim=16,
                   activation="gelu", attn_implementation="sdpa"),
        vocab=32, uses_types=False, seed=3),
    "distilbert_eager_relu": lambda out, n: torch_fixture(
        out, n,
        distilbert(vocab_size=24, dim=8, n_layers=1, n_heads=1, hidden_dim=16,
                   activation="relu", attn_implementation="eager"),
        vocab=24, uses_types=False, seed=4),
    "electra_projection": lambda out, n: torch_fixture(
        out, n,
        electra(vocab_size=32, embedding_size=4, hidden_size=8, num_hidden_layers=2,
                num_attention_heads=2, intermediate_size=12, hidden_act="gelu_pytorch_tanh"),
        vocab=32, seed=5),
    "fused_qkv": lambda out, n: torch_fixture(
        out, n, own(Fused, vocab=32, hidden=10, heads=2, inner=16, layers=2),
        vocab=32, uses_types=False, seed=7),
    "decomposed": lambda out, n: torch_fixture(
        out, n, own(Decomposed, vocab=32, hidden=12, heads=2, inner=16),
        vocab=32, seed=9, passes=plain_passes()),
    "bert_compressed": lambda out, n: torch_fixture(
        out, n,
        bert(vocab_size=24, hidden_size=64, num_hidden_layers=1, num_attention_heads=4,
             intermediate_size=16, hidden_act="gelu", attn_implementation="sdpa"),
        vocab=24, seed=10, after=compress),
    "mil_ops": mil_fixture,
}


def rubert_shape(out):
    module, last = bert(
        vocab_size=29564, hidden_size=312, num_hidden_layers=3, num_attention_heads=12,
        intermediate_size=600, attn_implementation="sdpa",
    )
    draw(module, 11, exact=False)
    lengths = [2 + (i * 37) % (SEQ - 1) for i in range(100 - len(LENGTHS))] + LENGTHS
    rows = rows_for(lengths, 29564, True, 11)
    widen(module, last, rows, exact=False)
    save(convert(module), out, "rubert_shape", rows, logits_of(module, rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tests/data/packages"))
    parser.add_argument("--only", nargs="*", choices=sorted(FIXTURES), default=sorted(FIXTURES))
    parser.add_argument("--rubert-shape", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, coremltools {ct.__version__}")
    if args.rubert_shape:
        rubert_shape(args.out)
        return
    for name in args.only:
        FIXTURES[name](args.out, name)
    total = sum(f.stat().st_size for f in args.out.rglob("*") if f.is_file())
    print(f"{total} B in all")


if __name__ == "__main__":
    main()
