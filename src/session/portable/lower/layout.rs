//! Operations that move elements, and those that only speak of shapes.

use super::super::graph::ValueId;
use super::super::ops::{Gather, Op, Slice};
use super::super::tensor::{Dense, Reason, Tensor, elements};
use super::builder::Builder;
use super::call::{self, Call, missing};
use super::{Lowered, Problem};

pub(super) fn lower(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Option<Vec<ValueId>>> {
    let result = match call.op.as_str() {
        "reshape" => reshape(builder, call),
        "expand_dims" => expand_dims(builder, call),
        "squeeze" => squeeze(builder, call),
        "transpose" => transpose(builder, call),
        "slice_by_index" => slice_by_index(builder, call),
        "slice_by_size" => slice_by_size(builder, call),
        "tile" => tile(builder, call),
        "concat" => concat(builder, call),
        "stack" => stack(builder, call),
        "split" => return split(builder, call).map(Some),
        "gather" => gather(builder, call),
        "fill" => fill(builder, call),
        "shape" => shape(builder, call),
        "range_1d" => range_1d(builder, call),
        _ => return Ok(None),
    }?;
    Ok(Some(vec![result]))
}

/// Sizes that a program gives as integers.
fn sizes(given: &[i32]) -> Reason<Vec<usize>> {
    given
        .iter()
        .map(|&size| usize::try_from(size).map_err(|_| format!("expected sizes, found {given:?}")))
        .collect()
}

/// Adds a reshape, unless nothing changes.
fn reshaped(builder: &mut Builder<'_>, x: ValueId, shape: Vec<usize>) -> Lowered<ValueId> {
    if builder.shape(x)? == shape {
        Ok(x)
    } else {
        builder.push(Op::Reshape(shape), &[x])
    }
}

/// MIL: 0 keeps the dimension of `x` at the same place, one -1 stands for what is left.
fn reshape(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let given = call
        .ints("shape", builder)?
        .ok_or_else(|| missing("shape"))?;
    let from = builder.shape(x)?;
    let wrong = || Problem::Invalid(format!("cannot reshape {from:?} to {given:?}"));
    let mut shape = Vec::with_capacity(given.len());
    let mut open = None;
    for (position, &size) in given.iter().enumerate() {
        shape.push(match size {
            -1 if open.is_none() => {
                open = Some(position);
                1
            }
            0 if given.len() == from.len() => *from.get(position).ok_or_else(wrong)?,
            _ => usize::try_from(size).map_err(|_| wrong())?,
        });
    }
    if let Some(size) = open.and_then(|position| shape.get(position).map(|_| position)) {
        let rest = elements(from)?
            .checked_div(elements(&shape)?)
            .ok_or_else(wrong)?;
        if let Some(entry) = shape.get_mut(size) {
            *entry = rest;
        }
    }
    reshaped(builder, x, shape)
}

/// MIL: axes of the result, below zero from its end.
fn expand_dims(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let given = call.ints("axes", builder)?.ok_or_else(|| missing("axes"))?;
    let mut rest = builder.shape(x)?.iter().copied();
    let rank = rest.len().saturating_add(given.len());
    let axes = call::axes(&given, rank)?;
    let shape = (0..rank)
        .filter_map(|axis| {
            if axes.contains(&axis) {
                Some(1)
            } else {
                rest.next()
            }
        })
        .collect();
    reshaped(builder, x, shape)
}

/// MIL: without axes all dimensions of size 1 go; axes of another size stay, as in PyTorch.
fn squeeze(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let given = call.ints("axes", builder)?;
    let from = builder.shape(x)?;
    let axes = match given {
        Some(given) => call::axes(&given, from.len())?,
        None => (0..from.len()).collect(),
    };
    let shape = from
        .iter()
        .enumerate()
        .filter(|(axis, size)| **size != 1 || !axes.contains(axis))
        .map(|(_, &size)| size)
        .collect();
    reshaped(builder, x, shape)
}

fn transpose(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let given = call.ints("perm", builder)?.ok_or_else(|| missing("perm"))?;
    let rank = builder.shape(x)?.len();
    let order = given
        .iter()
        .map(|&one| call::axis(one, rank))
        .collect::<Reason<_>>()?;
    builder.push(Op::Transpose(order), &[x])
}

/// MIL: NumPy's `x[begin:end:stride]`, masks override; a squeezed dimension is indexed at `begin`.
fn slice_by_index(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let from = builder.shape(x)?.to_vec();
    let begin = call
        .ints("begin", builder)?
        .ok_or_else(|| missing("begin"))?;
    let end = call.ints("end", builder)?.ok_or_else(|| missing("end"))?;
    let stride = call.ints("stride", builder)?;
    let stride = stride.unwrap_or_else(|| vec![1; from.len()]);
    let mut mask = |name| -> Lowered<Vec<bool>> {
        let mask = call.bools(name, builder)?;
        Ok(mask.unwrap_or_else(|| vec![false; from.len()]))
    };
    let begin_mask = mask("begin_mask")?;
    let end_mask = mask("end_mask")?;
    let squeeze_mask = mask("squeeze_mask")?;
    let lengths = [
        begin.len(),
        end.len(),
        stride.len(),
        begin_mask.len(),
        end_mask.len(),
        squeeze_mask.len(),
    ];
    if lengths.iter().any(|&length| length != from.len()) {
        return Err(format!(
            "expected arguments for each of {} dimensions, found {lengths:?}",
            from.len()
        )
        .into());
    }
    let mut slice = Slice {
        begin: Vec::new(),
        size: Vec::new(),
        step: Vec::new(),
    };
    let mut kept = Vec::new();
    let masks = begin_mask.iter().zip(&end_mask).zip(&squeeze_mask);
    let bounds = begin.iter().zip(&end).zip(&stride);
    for ((&whole, ((&begin, &end), &stride)), ((&from_start, &to_end), &squeezed)) in
        from.iter().zip(bounds).zip(masks)
    {
        if squeezed {
            // An index is not clipped as a bound is.
            let begin = if from_start { 0 } else { begin };
            slice.begin.push(call::axis(begin, whole).map_err(|_| {
                format!("expected an index into a dimension of {whole}, found {begin}")
            })?);
            slice.size.push(1);
            slice.step.push(1);
            continue;
        }
        let step = usize::try_from(stride)
            .ok()
            .filter(|&step| step > 0)
            .ok_or_else(|| Problem::Unsupported(format!("its stride {stride} is not positive")))?;
        let first = if from_start { 0 } else { clipped(begin, whole) };
        let last = if to_end { whole } else { clipped(end, whole) };
        let size = last.saturating_sub(first).div_ceil(step);
        slice.begin.push(first);
        slice.size.push(size);
        slice.step.push(step);
        kept.push(size);
    }
    let result = if slice.size == from {
        x
    } else {
        builder.push(Op::Slice(slice), &[x])?
    };
    reshaped(builder, result, kept)
}

/// A bound of a slice by the rules of Python: below zero it counts from the end.
fn clipped(bound: i32, whole: usize) -> usize {
    let distance = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
    if bound < 0 {
        whole.saturating_sub(distance)
    } else {
        distance.min(whole)
    }
}

/// MIL: `size` elements from `begin`, -1 for all that are left.
fn slice_by_size(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let from = builder.shape(x)?;
    let begin = call
        .ints("begin", builder)?
        .ok_or_else(|| missing("begin"))?;
    let size = call.ints("size", builder)?.ok_or_else(|| missing("size"))?;
    let begin = sizes(&begin)?;
    if begin.len() != from.len() || size.len() != from.len() {
        return Err(format!("begin {begin:?} and size {size:?} do not fit {from:?}").into());
    }
    let size = size
        .iter()
        .zip(&begin)
        .zip(from)
        .map(|((&size, &begin), &whole)| match size {
            -1 => Ok(whole.saturating_sub(begin)),
            _ => usize::try_from(size).map_err(|_| format!("the size {size} is negative")),
        })
        .collect::<Reason<Vec<_>>>()?;
    let step = vec![1; size.len()];
    builder.push(Op::Slice(Slice { begin, size, step }), &[x])
}

fn tile(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let reps = call.ints("reps", builder)?.ok_or_else(|| missing("reps"))?;
    builder.push(Op::Tile(sizes(&reps)?), &[x])
}

fn concat(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let values = call.tensors("values")?;
    let axis = call.int("axis", builder)?.ok_or_else(|| missing("axis"))?;
    if call.bool("interleave", builder)? == Some(true) {
        return Err(Problem::Unsupported("it interleaves".to_owned()));
    }
    let &first = values.first().ok_or("argument `values` is empty")?;
    let axis = call::axis(axis, builder.shape(first)?.len())?;
    builder.push(Op::Concat(axis), &values)
}

/// MIL: tensors of one shape along a new axis.
fn stack(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let values = call.tensors("values")?;
    let given = call.int("axis", builder)?.ok_or_else(|| missing("axis"))?;
    let &first = values.first().ok_or("argument `values` is empty")?;
    let mut shape = builder.shape(first)?.to_vec();
    let axis = call::axis(given, shape.len().saturating_add(1))?;
    for &value in &values {
        if builder.shape(value)? != shape {
            return Err(format!(
                "expected values of one shape, found {shape:?} and {:?}",
                builder.shape(value)?
            )
            .into());
        }
    }
    shape.insert(axis, 1);
    let values = values
        .into_iter()
        .map(|value| reshaped(builder, value, shape.clone()))
        .collect::<Lowered<Vec<_>>>()?;
    builder.push(Op::Concat(axis), &values)
}

/// MIL: `split_sizes`, or `num_splits` parts of one size.
fn split(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Vec<ValueId>> {
    let x = call.tensor("x")?;
    let from = builder.shape(x)?.to_vec();
    let axis = call.int("axis", builder)?.ok_or_else(|| missing("axis"))?;
    let axis = call::axis(axis, from.len())?;
    let &whole = from.get(axis).ok_or("no such axis")?;
    let parts = match call.int("num_splits", builder)? {
        Some(parts) => Some(usize::try_from(parts).map_err(|_| "num_splits is negative")?),
        None => None,
    };
    let sizes = match (call.ints("split_sizes", builder)?, parts) {
        (Some(given), _) => sizes(&given)?,
        (None, Some(parts)) if parts > 0 && whole.is_multiple_of(parts) => {
            vec![whole.checked_div(parts).unwrap_or(0); parts]
        }
        (None, Some(parts)) => {
            return Err(format!("cannot split {whole} into {parts} equal parts").into());
        }
        (None, None) => return Err(missing("split_sizes")),
    };
    let total = sizes
        .iter()
        .fold(0, |sum: usize, &size| sum.saturating_add(size));
    if total != whole
        || sizes.len() != call.outputs
        || parts.is_some_and(|parts| parts != sizes.len())
    {
        return Err(format!(
            "cannot split {whole} into {} outputs of the sizes {sizes:?}",
            call.outputs
        )
        .into());
    }
    let mut begin = vec![0; from.len()];
    let mut outputs = Vec::with_capacity(sizes.len());
    for part in sizes {
        let mut size = from.clone();
        if let Some(entry) = size.get_mut(axis) {
            *entry = part;
        }
        let slice = Slice {
            begin: begin.clone(),
            size,
            step: vec![1; from.len()],
        };
        outputs.push(builder.push(Op::Slice(slice), &[x])?);
        if let Some(entry) = begin.get_mut(axis) {
            *entry = entry.saturating_add(part);
        }
    }
    Ok(outputs)
}

fn gather(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let inputs = [call.tensor("x")?, call.tensor("indices")?];
    let [x, indices] = inputs;
    let given = call.int("axis", builder)?.unwrap_or(0);
    let axis = call::axis(given, builder.shape(x)?.len())?;
    let batch_dims = call.int("batch_dims", builder)?.unwrap_or(0);
    let batch_dims = match usize::try_from(batch_dims) {
        Ok(batch_dims) => batch_dims,
        Err(_) => call::axis(batch_dims, builder.shape(indices)?.len())?,
    };
    // Indices are validated whether or not the program asks for it.
    call.bool("validate_indices", builder)?;
    builder.push(Op::Gather(Gather { axis, batch_dims }), &inputs)
}

fn fill(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let given = call
        .ints("shape", builder)?
        .ok_or_else(|| missing("shape"))?;
    let shape = sizes(&given)?;
    let value = match call.optional("value")? {
        Some(value) => value,
        None => builder.filled(&[], 0.0)?,
    };
    if !builder.shape(value)?.is_empty() {
        return Err("argument `value`: expected a scalar".into());
    }
    let value = reshaped(builder, value, vec![1; shape.len()])?;
    builder.push(Op::Tile(shape), &[value])
}

fn shape(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let x = call.tensor("x")?;
    let sizes = builder
        .shape(x)?
        .iter()
        .map(|&size| i32::try_from(size).map_err(|error| error.to_string()))
        .collect::<Reason<Vec<_>>>()?;
    builder.constant(Tensor::Int(Dense::new([sizes.len()], sizes)?))
}

/// MIL: NumPy's `arange`, here of integers.
fn range_1d(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<ValueId> {
    let mut bound =
        |name| -> Lowered<i32> { call.int(name, builder)?.ok_or_else(|| missing(name)) };
    let (start, end, step) = (bound("start")?, bound("end")?, bound("step")?);
    let step = usize::try_from(step)
        .ok()
        .filter(|&step| step > 0)
        .ok_or_else(|| Problem::Unsupported(format!("its step {step} is not positive")))?;
    let count = usize::try_from(i64::from(end).saturating_sub(i64::from(start)))
        .unwrap_or(0)
        .div_ceil(step);
    builder.afford(elements(&[count])?)?;
    let numbers: Vec<i32> = (start..end).step_by(step).collect();
    builder.constant(Tensor::Int(Dense::new([count], numbers)?))
}
