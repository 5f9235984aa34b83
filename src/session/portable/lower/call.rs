//! The arguments of an operation.

use std::collections::BTreeMap;

use coreml_proto::proto::mil_spec::{DataType, Operation, argument::binding::Binding};

use super::super::graph::ValueId;
use super::super::tensor::{Reason, Tensor};
use super::builder::{Builder, Operand};
use super::types::Declared;
use super::{Lowered, Problem, constant, shown};

/// An operation with its arguments resolved. Arguments are taken out one by one; what is left over
/// at the end is something that the lowering does not know.
pub(super) struct Call {
    /// The MIL operation.
    pub(super) op: String,
    /// The number of results that the program declares.
    pub(super) outputs: usize,
    /// Whether it declares the first of them to have half precision.
    pub(super) declares_half: bool,
    arguments: BTreeMap<String, Vec<Operand>>,
}

impl Call {
    pub(super) fn resolve(operation: &Operation, builder: &mut Builder<'_>) -> Lowered<Self> {
        let mut arguments = BTreeMap::new();
        for (name, argument) in &operation.inputs {
            let operands = argument
                .arguments
                .iter()
                .map(|binding| match &binding.binding {
                    Some(Binding::Name(name)) => builder.resolve(name),
                    Some(Binding::Value(value)) => constant::of_value(value, builder),
                    None => Err(format!("argument `{}` is bound to nothing", shown(name)).into()),
                })
                .collect::<Lowered<Vec<_>>>()?;
            arguments.insert(name.clone(), operands);
        }
        // coremltools writes the arguments of these as attributes.
        if operation.r#type.starts_with("constexpr_") {
            for (name, value) in &operation.attributes {
                if name != "name" && !arguments.contains_key(name) {
                    let operand = constant::of_value(value, builder)?;
                    arguments.insert(name.clone(), vec![operand]);
                }
            }
        }
        let first = operation
            .outputs
            .first()
            .and_then(|output| Declared::read(output.r#type.as_ref()).ok());
        Ok(Self {
            declares_half: first.is_some_and(|first| first.dtype == DataType::Float16),
            op: operation.r#type.clone(),
            outputs: operation.outputs.len(),
            arguments,
        })
    }

    /// Checks that no argument is left.
    pub(super) fn finish(self) -> Lowered<()> {
        match self.arguments.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::Unsupported(format!(
                "the portable session does not know its argument `{}`",
                shown(name)
            ))),
        }
    }

    fn take_one(&mut self, name: &str) -> Lowered<Option<Operand>> {
        match self.arguments.remove(name).as_deref() {
            None => Ok(None),
            Some([operand]) => Ok(Some(operand.clone())),
            Some(several) => Err(format!(
                "argument `{name}`: expected one value, found {}",
                several.len()
            )
            .into()),
        }
    }

    /// A tensor that may be left out.
    pub(super) fn optional(&mut self, name: &str) -> Lowered<Option<ValueId>> {
        match self.take_one(name)? {
            None => Ok(None),
            Some(Operand::Tensor(id)) => Ok(Some(id)),
            Some(Operand::Text(_)) => {
                Err(format!("argument `{name}`: expected a tensor, found a string").into())
            }
        }
    }

    /// A tensor.
    pub(super) fn tensor(&mut self, name: &str) -> Lowered<ValueId> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// One tensor or more.
    pub(super) fn tensors(&mut self, name: &str) -> Lowered<Vec<ValueId>> {
        let operands = self.arguments.remove(name).ok_or_else(|| missing(name))?;
        operands
            .into_iter()
            .map(|operand| match operand {
                Operand::Tensor(id) => Ok(id),
                Operand::Text(_) => {
                    Err(format!("argument `{name}`: expected tensors, found a string").into())
                }
            })
            .collect()
    }

    /// A string.
    pub(super) fn text(&mut self, name: &str) -> Lowered<Option<String>> {
        match self.take_one(name)? {
            None => Ok(None),
            Some(Operand::Text(text)) => Ok(Some(text)),
            Some(Operand::Tensor(_)) => {
                Err(format!("argument `{name}`: expected a string, found a tensor").into())
            }
        }
    }

    /// A constant, by what `read` makes of its elements.
    fn known<T>(
        &mut self,
        name: &str,
        builder: &Builder<'_>,
        read: impl FnOnce(&Tensor) -> Reason<T>,
    ) -> Lowered<Option<T>> {
        let Some(id) = self.optional(name)? else {
            return Ok(None);
        };
        let tensor = builder.elements_of(id).ok_or_else(|| {
            Problem::Unsupported(format!(
                "argument `{name}`: expected a constant, found a value that depends on the inputs"
            ))
        })?;
        read(tensor)
            .map(Some)
            .map_err(|reason| format!("argument `{name}`: {reason}").into())
    }

    /// A constant tensor.
    pub(super) fn constant(&mut self, name: &str, builder: &Builder<'_>) -> Lowered<Tensor> {
        self.known(name, builder, |tensor| Ok(tensor.clone()))?
            .ok_or_else(|| missing(name))
    }

    /// A constant list of integers, or a single one.
    pub(super) fn ints(&mut self, name: &str, builder: &Builder<'_>) -> Lowered<Option<Vec<i32>>> {
        self.known(name, builder, |tensor| list(tensor.int()?.data(), tensor))
    }

    /// A constant list of truth values, or a single one.
    pub(super) fn bools(
        &mut self,
        name: &str,
        builder: &Builder<'_>,
    ) -> Lowered<Option<Vec<bool>>> {
        self.known(name, builder, |tensor| list(tensor.bool()?.data(), tensor))
    }

    /// A constant integer.
    pub(super) fn int(&mut self, name: &str, builder: &Builder<'_>) -> Lowered<Option<i32>> {
        self.known(name, builder, |tensor| single(tensor.int()?.data(), tensor))
    }

    /// A constant truth value.
    pub(super) fn bool(&mut self, name: &str, builder: &Builder<'_>) -> Lowered<Option<bool>> {
        self.known(name, builder, |tensor| {
            single(tensor.bool()?.data(), tensor)
        })
    }

    /// A constant float.
    pub(super) fn float(&mut self, name: &str, builder: &Builder<'_>) -> Lowered<Option<f32>> {
        self.known(name, builder, |tensor| {
            single(tensor.float()?.data(), tensor)
        })
    }
}

/// The error for an argument that cannot be left out.
pub(super) fn missing(name: &str) -> Problem {
    Problem::Invalid(format!("argument `{name}` is missing"))
}

fn list<T: Copy>(data: &[T], tensor: &Tensor) -> Reason<Vec<T>> {
    if tensor.shape().len() > 1 {
        return Err(format!("expected a list, found {}", tensor.kind()));
    }
    Ok(data.to_vec())
}

fn single<T: Copy>(data: &[T], tensor: &Tensor) -> Reason<T> {
    match data {
        [value] => Ok(*value),
        _ => Err(format!("expected one number, found {}", tensor.kind())),
    }
}

/// The dimension that an axis means; below zero it counts from the end.
pub(super) fn axis(axis: i32, rank: usize) -> Reason<usize> {
    let distance = usize::try_from(axis.unsigned_abs()).ok();
    let found = if axis < 0 {
        distance.and_then(|distance| rank.checked_sub(distance))
    } else {
        distance
    };
    found
        .filter(|&found| found < rank)
        .ok_or_else(|| format!("expected an axis of {rank} dimensions, found {axis}"))
}

/// The dimensions that axes mean, ascending.
pub(super) fn axes(axes: &[i32], rank: usize) -> Reason<Vec<usize>> {
    let mut found = axes
        .iter()
        .map(|&one| axis(one, rank))
        .collect::<Reason<Vec<_>>>()?;
    found.sort_unstable();
    if found.is_sorted_by(|a, b| a < b) {
        Ok(found)
    } else {
        Err(format!("the axes {axes:?} name a dimension twice"))
    }
}
