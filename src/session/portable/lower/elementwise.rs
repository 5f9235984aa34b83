//! Operations on each element by itself.

use super::super::graph::ValueId;
use super::super::ops::{Arithmetic, CastTo, Comparison, Gelu, Logical, Op, Unary};
use super::super::tensor::Kind;
use super::builder::Builder;
use super::call::{Call, missing};
use super::{Lowered, Problem, shown};

pub(super) fn lower(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Option<Vec<ValueId>>> {
    let result = if let Some(op) = binary(&call.op) {
        let inputs = [call.tensor("x")?, call.tensor("y")?];
        builder.push(op, &inputs)?
    } else if let Some(op) = unary(call, builder)? {
        let x = call.tensor("x")?;
        builder.push(op, &[x])?
    } else {
        match call.op.as_str() {
            "identity" => call.tensor("x")?,
            "cast" => cast(builder, call)?,
            "select" => {
                let unsupported = |name| {
                    Problem::Unsupported(format!("without `{name}` the result has no fixed shape"))
                };
                let cond = call.tensor("cond")?;
                let a = call.optional("a")?.ok_or_else(|| unsupported("a"))?;
                let b = call.optional("b")?.ok_or_else(|| unsupported("b"))?;
                builder.push(Op::Select, &[cond, a, b])?
            }
            _ => return Ok(None),
        }
    };
    Ok(Some(vec![result]))
}

fn binary(op: &str) -> Option<Op> {
    Some(match op {
        "add" => Op::Arithmetic(Arithmetic::Add),
        "sub" => Op::Arithmetic(Arithmetic::Sub),
        "mul" => Op::Arithmetic(Arithmetic::Mul),
        "real_div" => Op::Arithmetic(Arithmetic::RealDiv),
        "floor_div" => Op::Arithmetic(Arithmetic::FloorDiv),
        "mod" => Op::Arithmetic(Arithmetic::Mod),
        "pow" => Op::Arithmetic(Arithmetic::Pow),
        "maximum" => Op::Arithmetic(Arithmetic::Maximum),
        "minimum" => Op::Arithmetic(Arithmetic::Minimum),
        "equal" => Op::Comparison(Comparison::Equal),
        "not_equal" => Op::Comparison(Comparison::NotEqual),
        "less" => Op::Comparison(Comparison::Less),
        "less_equal" => Op::Comparison(Comparison::LessEqual),
        "greater" => Op::Comparison(Comparison::Greater),
        "greater_equal" => Op::Comparison(Comparison::GreaterEqual),
        "logical_and" => Op::Logical(Logical::And),
        "logical_or" => Op::Logical(Logical::Or),
        "logical_xor" => Op::Logical(Logical::Xor),
        _ => return None,
    })
}

fn unary(call: &mut Call, builder: &Builder<'_>) -> Lowered<Option<Op>> {
    // The default epsilons are those of the MIL operations.
    Ok(Some(Op::Unary(match call.op.as_str() {
        "abs" => Unary::Abs,
        "ceil" => Unary::Ceil,
        "clip" => {
            let alpha = call.float("alpha", builder)?;
            let beta = call.float("beta", builder)?;
            Unary::Clip(
                alpha.ok_or_else(|| missing("alpha"))?,
                beta.ok_or_else(|| missing("beta"))?,
            )
        }
        "erf" => Unary::Erf,
        "exp" => Unary::Exp,
        "floor" => Unary::Floor,
        "gelu" => Unary::Gelu(match call.text("mode")?.as_deref() {
            None | Some("EXACT") => Gelu::Exact,
            Some("TANH_APPROXIMATION") => Gelu::Tanh,
            Some("SIGMOID_APPROXIMATION") => Gelu::Sigmoid,
            Some(other) => {
                return Err(Problem::Unsupported(format!(
                    "its mode `{}` is unknown",
                    shown(other)
                )));
            }
        }),
        "inverse" => Unary::Inverse(call.float("epsilon", builder)?.unwrap_or(1e-4)),
        "log" => Unary::Log(call.float("epsilon", builder)?.unwrap_or(1e-45)),
        "logical_not" => return Ok(Some(Op::Not)),
        "relu" => Unary::Relu,
        "round" => Unary::Round,
        "rsqrt" => Unary::Rsqrt(call.float("epsilon", builder)?.unwrap_or(1e-12)),
        "sigmoid" => Unary::Sigmoid,
        "sign" => Unary::Sign,
        "silu" => Unary::Silu,
        "sqrt" => Unary::Sqrt,
        "square" => Unary::Square,
        "tanh" => Unary::Tanh,
        _ => return Ok(None),
    })))
}

fn cast(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let dtype = call.text("dtype")?.ok_or_else(|| missing("dtype"))?;
    let to = match dtype.as_str() {
        "fp16" | "fp32" => CastTo::Float,
        "bool" => CastTo::Bool,
        "int8" => CastTo::Int8,
        "uint8" => CastTo::UInt8,
        "int16" => CastTo::Int16,
        "uint16" => CastTo::UInt16,
        "int32" => CastTo::Int32,
        other => {
            return Err(Problem::Unsupported(format!(
                "it casts to the unknown type `{}`",
                shown(other)
            )));
        }
    };
    let nothing_changes = match builder.kind(x)?.kind {
        Kind::Float => to == CastTo::Float,
        Kind::Int => to == CastTo::Int32,
        Kind::Bool => to == CastTo::Bool,
    };
    if nothing_changes {
        Ok(x)
    } else {
        builder.push(Op::Cast(to), &[x])
    }
}
