//! Compressed weights, `constexpr_*`: they are decompressed once, at load.
//!
//! Results are rounded to half precision where the program declares it, as coremltools'
//! `decompress_weights` does.

use half::f16;

use super::super::graph::ValueId;
use super::super::tensor::{Dense, Reason, Tensor, elements, strided, strides};
use super::builder::Builder;
use super::call::{self, Call, missing};
use super::{Lowered, Problem, constant};

pub(super) fn lower(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Option<Vec<ValueId>>> {
    let weights = match call.op.as_str() {
        "constexpr_affine_dequantize" => affine(builder, call)?,
        "constexpr_blockwise_shift_scale" => blockwise(builder, call)?,
        "constexpr_lut_to_dense" => lookup(builder, call)?,
        "constexpr_sparse_to_dense" => sparse(builder, call)?,
        "constexpr_cast" => {
            call.text("output_dtype")?;
            call.constant("source_val", builder)?
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![builder.constant(weights)?]))
}

/// Integers or floats as floats.
fn numbers(tensor: &Tensor) -> Reason<Dense<f32>> {
    match tensor {
        Tensor::Float(floats) => Ok(floats.clone()),
        // The integers have eight bits at most: all are exact.
        Tensor::Int(ints) => Ok(ints.map(|x| x as f32)),
        Tensor::Bool(_) => Err("expected numbers, found truth values".to_owned()),
    }
}

/// `scale · (data - offset)`, for scales and offsets that were stretched to the shape of the data.
fn dequantized(call: &Call, data: &Dense<f32>, scale: &[f32], offset: &[f32]) -> Reason<Tensor> {
    let half = call.declares_half;
    let weights = data
        .data()
        .iter()
        .zip(scale)
        .zip(offset)
        .map(|((&data, &scale), &offset)| {
            let exact = scale * (data - offset);
            if half {
                constant::widen(f16::from_f32(exact))
            } else {
                exact
            }
        })
        .collect();
    Ok(Tensor::Float(Dense::new(data.shape(), weights)?))
}

/// MIL: `scale · (quantized_data - zero_point)`, one scale for all or one for each index of `axis`.
fn affine(builder: &Builder<'_>, call: &mut Call) -> Lowered<Tensor> {
    let data = numbers(&call.constant("quantized_data", builder)?)?;
    let scale = numbers(&call.constant("scale", builder)?)?;
    let zero_point = numbers(&call.constant("zero_point", builder)?)?;
    let axis = call.int("axis", builder)?.ok_or_else(|| missing("axis"))?;
    let axis = call::axis(axis, data.shape().len())?;
    let stretched = |name: &str, given: &Dense<f32>| -> Lowered<Vec<f32>> {
        let mut shape = vec![1; data.shape().len()];
        let whole = data.shape().get(axis).copied();
        match given.shape() {
            [] => {}
            [length] if Some(*length) == whole => {
                if let Some(size) = shape.get_mut(axis) {
                    *size = *length;
                }
            }
            other => {
                return Err(format!(
                    "`{name}`: expected a scalar or one number for each index of axis {axis} of \
                     {:?}, found {other:?}",
                    data.shape()
                )
                .into());
            }
        }
        Ok(given
            .reshaped(&shape)?
            .stretched(data.shape())?
            .into_owned())
    };
    let scale = stretched("scale", &scale)?;
    let zero_point = stretched("zero_point", &zero_point)?;
    Ok(dequantized(call, &data, &scale, &zero_point)?)
}

/// MIL: `scale · (data - offset)`, one scale for each block of the data.
fn blockwise(builder: &Builder<'_>, call: &mut Call) -> Lowered<Tensor> {
    let data = numbers(&call.constant("data", builder)?)?;
    let scale = numbers(&call.constant("scale", builder)?)?;
    let offset = match call.optional("offset")? {
        None => Dense::filled(scale.shape(), 0.0)?,
        Some(id) => numbers(builder.elements_of(id).ok_or_else(|| missing("offset"))?)?,
    };
    if offset.shape() != scale.shape() {
        return Err(format!(
            "expected offsets {:?} as there are scales, found {:?}",
            scale.shape(),
            offset.shape()
        )
        .into());
    }
    let scale = blocks(&scale, data.shape())?;
    let offset = blocks(&offset, data.shape())?;
    Ok(dequantized(call, &data, &scale, &offset)?)
}

/// Each element repeated to a block, so that all blocks together have this shape.
fn blocks(given: &Dense<f32>, shape: &[usize]) -> Reason<Vec<f32>> {
    let wrong = || format!("{:?} blocks do not divide {shape:?}", given.shape());
    if given.shape().len() != shape.len() || shape.is_empty() {
        return Err(wrong());
    }
    // Every dimension splits into blocks and elements of a block, which read the same number.
    let mut split = Vec::new();
    let mut steps = Vec::new();
    for ((&count, &size), stride) in given.shape().iter().zip(shape).zip(strides(given.shape())) {
        if !size.is_multiple_of(count) {
            return Err(wrong());
        }
        split.extend([count, size.checked_div(count).ok_or_else(wrong)?]);
        steps.extend([stride, 0]);
    }
    strided(given.data(), &split, &steps, 0)
}

fn shape_of(builder: &Builder<'_>, call: &mut Call) -> Lowered<Vec<usize>> {
    let given = call.ints("shape", builder)?.ok_or_else(|| {
        Problem::Unsupported("without `shape` it is the form of macOS 15".to_owned())
    })?;
    let shape = given
        .iter()
        .map(|&size| usize::try_from(size).map_err(|_| format!("the size {size} is negative")))
        .collect::<Reason<Vec<_>>>()?;
    elements(&shape)?;
    Ok(shape)
}

/// The bytes of an argument.
fn bytes(builder: &Builder<'_>, call: &mut Call, name: &str) -> Lowered<Vec<u8>> {
    let tensor = call.constant(name, builder)?;
    let bytes = tensor
        .int()?
        .data()
        .iter()
        .map(|&byte| u8::try_from(byte).map_err(|_| format!("`{name}`: {byte} is no byte")))
        .collect::<Reason<_>>()?;
    Ok(bytes)
}

/// MIL: entries of `lut` by packed indices of `log2(entries)` bits.
fn lookup(builder: &Builder<'_>, call: &mut Call) -> Lowered<Tensor> {
    let shape = shape_of(builder, call)?;
    let lut = numbers(&call.constant("lut", builder)?)?;
    let indices = bytes(builder, call, "indices")?;
    let bits: u8 = match lut.data().len() {
        2 => 1,
        4 => 2,
        16 => 4,
        64 => 6,
        256 => 8,
        other => {
            return Err(
                format!("expected a table of 2, 4, 16, 64 or 256 entries, found {other}").into(),
            );
        }
    };
    let count = elements(&shape)?;
    let expected = count.saturating_mul(usize::from(bits)).div_ceil(8);
    if indices.len() != expected {
        return Err(format!(
            "expected {expected} bytes of indices for {shape:?} weights of {bits} bits, found {}",
            indices.len()
        )
        .into());
    }
    let weights = constant::unpack(&indices, bits, count)
        .into_iter()
        .map(|index| {
            usize::try_from(index)
                .ok()
                .and_then(|index| lut.data().get(index).copied())
                .ok_or_else(|| format!("the table has no entry {index}"))
        })
        .collect::<Reason<_>>()?;
    Ok(Tensor::Float(Dense::new(shape, weights)?))
}

/// MIL: `nonzero_data` where a bit of `mask` is set, else 0.
fn sparse(builder: &Builder<'_>, call: &mut Call) -> Lowered<Tensor> {
    let shape = shape_of(builder, call)?;
    let data = numbers(&call.constant("nonzero_data", builder)?)?;
    let mask = bytes(builder, call, "mask")?;
    let count = elements(&shape)?;
    if mask.len() != count.div_ceil(8) {
        return Err(format!(
            "expected {} bytes of mask for {shape:?} weights, found {}",
            count.div_ceil(8),
            mask.len()
        )
        .into());
    }
    let mut rest = data.data().iter();
    let mut weights = Vec::with_capacity(count);
    for bit in constant::unpack(&mask, 1, count) {
        weights.push(match bit {
            0 => 0.0,
            _ => *rest
                .next()
                .ok_or("the mask has more bits than there are weights")?,
        });
    }
    if rest.len() != 0 {
        return Err(format!("{} weights are left over when the mask ends", rest.len()).into());
    }
    Ok(Tensor::Float(Dense::new(shape, weights)?))
}
