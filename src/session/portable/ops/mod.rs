//! The operations of a [`Graph`](super::graph::Graph): what each one's result is, from the shapes of
//! its operands ([`Op::infer`]) and from their elements ([`Op::eval`]).
//!
//! They are fewer than MIL's: the lowering turns `expand_dims`, `squeeze` and the like into
//! [`Op::Reshape`], `split` into [`Op::Slice`], and evaluates what depends on constants only.

mod arithmetic;
mod erf;
mod gather;
mod layout;
mod logic;
mod matmul;
mod norm;
mod reduce;
mod unary;

pub(crate) use arithmetic::Arithmetic;
pub(crate) use gather::Gather;
pub(crate) use layout::Slice;
pub(crate) use logic::{CastTo, Comparison, Logical};
pub(crate) use matmul::Matmul;
pub(crate) use norm::LayerNorm;
pub(crate) use reduce::{Reduce, Reduction};
pub(crate) use unary::{Gelu, Unary};

use super::tensor::{Kind, Reason, Tensor, TensorKind, elements};

/// An operation; its operands, in this order, are given with each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    /// `x`: floats, each by itself.
    Unary(Unary),
    /// `x`, `y`: numbers of one kind, stretched to one shape.
    Arithmetic(Arithmetic),
    /// `x`, `y`: numbers of one kind, stretched to one shape; truth values.
    Comparison(Comparison),
    /// `x`, `y`: truth values, stretched to one shape.
    Logical(Logical),
    /// `x`: truth values.
    Not,
    /// `cond`, `a`, `b`: `a` where `cond` holds, else `b`, all stretched to one shape.
    Select,
    /// `x`: anything.
    Cast(CastTo),
    /// `x`, `indices`.
    Gather(Gather),
    /// `x` `[.., k]`, `weight` `[n, k]`, `bias` `[n]`: `x · weightᵀ + bias`.
    Linear,
    /// `x`, `y`: a product of matrices for each index of the other dimensions.
    Matmul(Matmul),
    /// `x`: the same elements in this shape.
    Reshape(Vec<usize>),
    /// `x`: dimension `i` of the result is dimension `order[i]`.
    Transpose(Vec<usize>),
    /// `x`: a box of it.
    Slice(Slice),
    /// `x`: so many copies along each dimension.
    Tile(Vec<usize>),
    /// One or more tensors, one after another along this axis.
    Concat(usize),
    /// `x`: one number for each run along some axes.
    Reduce(Reduce),
    /// `x`: softmax along this axis.
    Softmax(usize),
    /// `x`, `gamma`, `beta`: normalised along some axes; `gamma` and `beta` have the shape of these.
    LayerNorm(LayerNorm),
}

impl Op {
    /// Kind and shape of the result.
    ///
    /// # Errors
    ///
    /// When the operands do not fit the operation.
    pub(super) fn infer(&self, inputs: &[&TensorKind]) -> Reason<TensorKind> {
        let result = match (self, inputs) {
            (Self::Unary(_), [x]) => floats(x, "x").map(|()| (*x).clone()),
            (Self::Arithmetic(op), [x, y]) => op.infer(x, y),
            (Self::Comparison(_), [x, y]) => logic::infer_comparison(x, y),
            (Self::Logical(_), [x, y]) => logic::infer_logical(x, y),
            (Self::Not, [x]) => truths(x, "x").map(|()| (*x).clone()),
            (Self::Select, [cond, a, b]) => logic::infer_select(cond, a, b),
            (Self::Cast(to), [x]) => Ok(TensorKind::new(to.kind(), x.shape.clone())),
            (Self::Gather(op), [x, indices]) => op.infer(x, indices),
            (Self::Linear, [x, weight, bias]) => matmul::infer_linear(x, weight, bias),
            (Self::Matmul(op), [x, y]) => op.infer(x, y),
            (Self::Reshape(shape), [x]) => layout::infer_reshape(x, shape),
            (Self::Transpose(order), [x]) => layout::infer_transpose(x, order),
            (Self::Slice(slice), [x]) => slice.infer(x),
            (Self::Tile(reps), [x]) => layout::infer_tile(x, reps),
            (Self::Concat(axis), all) => layout::infer_concat(all, *axis),
            (Self::Reduce(op), [x]) => op.infer(x),
            (Self::Softmax(axis), [x]) => norm::infer_softmax(x, *axis),
            (Self::LayerNorm(op), [x, gamma, beta]) => op.infer(x, gamma, beta),
            _ => Err(operands(inputs.len())),
        }?;
        elements(&result.shape)?;
        Ok(result)
    }

    /// The result.
    ///
    /// # Errors
    ///
    /// When the operands are not those that [`infer`](Self::infer) accepted, an index lies outside a
    /// table, or an integer is divided by zero.
    pub(super) fn eval(&self, inputs: &[&Tensor]) -> Reason<Tensor> {
        match (self, inputs) {
            (Self::Unary(op), [x]) => Ok(Tensor::Float(op.eval(x.float()?))),
            (Self::Arithmetic(op), [x, y]) => op.eval(x, y),
            (Self::Comparison(op), [x, y]) => op.eval(x, y).map(Tensor::Bool),
            (Self::Logical(op), [x, y]) => op.eval(x.bool()?, y.bool()?).map(Tensor::Bool),
            (Self::Not, [x]) => Ok(Tensor::Bool(x.bool()?.map(|x| !x))),
            (Self::Select, [cond, a, b]) => logic::select(cond.bool()?, a, b),
            (Self::Cast(to), [x]) => Ok(to.eval(x)),
            (Self::Gather(op), [x, indices]) => op.eval(x, indices.int()?),
            (Self::Linear, [x, weight, bias]) => {
                matmul::linear(x.float()?, weight.float()?, bias.float()?).map(Tensor::Float)
            }
            (Self::Matmul(op), [x, y]) => op.eval(x.float()?, y.float()?).map(Tensor::Float),
            (Self::Reshape(shape), [x]) => layout::reshape(x, shape),
            (Self::Transpose(order), [x]) => layout::transpose(x, order),
            (Self::Slice(slice), [x]) => slice.eval(x),
            (Self::Tile(reps), [x]) => layout::tile(x, reps),
            (Self::Concat(axis), all) => layout::concat(all, *axis),
            (Self::Reduce(op), [x]) => op.eval(x),
            (Self::Softmax(axis), [x]) => norm::softmax(x.float()?, *axis).map(Tensor::Float),
            (Self::LayerNorm(op), [x, gamma, beta]) => op
                .eval(x.float()?, gamma.float()?, beta.float()?)
                .map(Tensor::Float),
            _ => Err(operands(inputs.len())),
        }
    }

    /// Multiplications and the like that an evaluation takes, roughly.
    pub(super) fn work(&self, inputs: &[&TensorKind], result: &TensorKind) -> u64 {
        let count = |kind: &TensorKind| {
            kind.shape
                .iter()
                .fold(1_u64, |product, &size| product.saturating_mul(size as u64))
        };
        let each = match (self, inputs) {
            (Self::Linear, [x, ..]) => x.shape.last().copied().unwrap_or(1) as u64,
            (Self::Matmul(op), [x, _]) => op.depth(x) as u64,
            _ => 1,
        };
        inputs
            .iter()
            .fold(count(result).saturating_mul(each), |sum, input| {
                sum.saturating_add(count(input))
            })
    }
}

fn operands(found: usize) -> String {
    format!("found {found} operands")
}

fn floats(x: &TensorKind, name: &str) -> Reason<()> {
    of_kind(x, name, Kind::Float, "floats")
}

fn integers(x: &TensorKind, name: &str) -> Reason<()> {
    of_kind(x, name, Kind::Int, "integers")
}

fn truths(x: &TensorKind, name: &str) -> Reason<()> {
    of_kind(x, name, Kind::Bool, "truth values")
}

fn of_kind(x: &TensorKind, name: &str, kind: Kind, what: &str) -> Reason<()> {
    if x.kind == kind {
        Ok(())
    } else {
        Err(format!("`{name}`: expected {what}, found {x}"))
    }
}

/// Checks that two operands have the same kind.
fn alike(x: &TensorKind, y: &TensorKind) -> Reason<()> {
    if x.kind == y.kind {
        Ok(())
    } else {
        Err(format!("expected operands of one kind, found {x} and {y}"))
    }
}
