//! Products of matrices, reductions and normalisations.

use super::super::graph::ValueId;
use super::super::ops::{LayerNorm, Matmul, Op, Reduce, Reduction};
use super::super::tensor::Reason;
use super::builder::Builder;
use super::call::{self, Call};
use super::{Lowered, Problem};

pub(super) fn lower(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Option<Vec<ValueId>>> {
    let result = match call.op.as_str() {
        "linear" => linear(builder, call),
        "matmul" => matmul(builder, call),
        "softmax" => softmax(builder, call),
        "layer_norm" => layer_norm(builder, call),
        op => match op.strip_prefix("reduce_").and_then(reduction) {
            Some(reduction) => reduce(builder, call, reduction),
            None => return Ok(None),
        },
    }?;
    Ok(Some(vec![result]))
}

fn linear(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let weight = call.tensor("weight")?;
    let bias = match call.optional("bias")? {
        Some(bias) => bias,
        None => {
            let rows = builder.shape(weight)?.first().copied();
            builder.filled(
                &[rows.ok_or("`weight`: expected [n, k], found a scalar")?],
                0.0,
            )?
        }
    };
    builder.push(Op::Linear, &[x, weight, bias])
}

fn matmul(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let inputs = [call.tensor("x")?, call.tensor("y")?];
    let op = Matmul {
        transpose_x: call.bool("transpose_x", builder)?.unwrap_or(false),
        transpose_y: call.bool("transpose_y", builder)?.unwrap_or(false),
    };
    for id in inputs {
        if builder.shape(id)?.len() < 2 {
            return Err(Problem::Unsupported(format!(
                "an operand has the shape {:?}: expected two dimensions or more",
                builder.shape(id)?
            )));
        }
    }
    builder.push(Op::Matmul(op), &inputs)
}

fn softmax(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let axis = call.int("axis", builder)?.unwrap_or(-1);
    let axis = call::axis(axis, builder.shape(x)?.len())?;
    builder.push(Op::Softmax(axis), &[x])
}

fn layer_norm(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let shape = builder.shape(x)?.to_vec();
    let axes = match call.ints("axes", builder)? {
        Some(given) => {
            let in_order = given
                .iter()
                .map(|&one| call::axis(one, shape.len()))
                .collect::<Reason<Vec<_>>>()?;
            let axes = call::axes(&given, shape.len())?;
            if in_order != axes {
                return Err(Problem::Unsupported(format!(
                    "its axes {given:?} are not in ascending order"
                )));
            }
            axes
        }
        None => (0..shape.len()).collect(),
    };
    let epsilon = call.float("epsilon", builder)?.unwrap_or(1e-5);
    let normalised: Vec<usize> = axes
        .iter()
        .filter_map(|&axis| shape.get(axis).copied())
        .collect();
    let gamma = match call.optional("gamma")? {
        Some(gamma) => gamma,
        None => builder.filled(&normalised, 1.0)?,
    };
    let beta = match call.optional("beta")? {
        Some(beta) => beta,
        None => builder.filled(&normalised, 0.0)?,
    };
    builder.push(
        Op::LayerNorm(LayerNorm { axes, epsilon }),
        &[x, gamma, beta],
    )
}

fn reduction(name: &str) -> Option<Reduction> {
    Some(match name {
        "sum" => Reduction::Sum,
        "mean" => Reduction::Mean,
        "max" => Reduction::Max,
        "min" => Reduction::Min,
        "prod" => Reduction::Prod,
        "sum_square" => Reduction::SumSquare,
        "l2_norm" => Reduction::L2Norm,
        _ => return None,
    })
}

fn reduce(builder: &mut Builder<'_>, call: &mut Call, reduction: Reduction) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let rank = builder.shape(x)?.len();
    let axes = match call.ints("axes", builder)? {
        Some(given) => call::axes(&given, rank)?,
        None => (0..rank).collect(),
    };
    let keep_dims = call.bool("keep_dims", builder)?.unwrap_or(false);
    let op = Reduce {
        reduction,
        axes,
        keep_dims,
    };
    builder.push(Op::Reduce(op), &[x])
}
