//! Constants: `const` operations and the values that arguments are given in place.

use coreml_proto::proto::mil_spec::tensor_value::Value as Elements;
use coreml_proto::proto::mil_spec::value::{
    self, BlobFileValue, ImmediateValue, immediate_value::Value as Immediate,
};
use coreml_proto::proto::mil_spec::{DataType, Operation, Value};
use half::{bf16, f16};

use super::super::tensor::{Dense, Reason, Tensor, elements};
use super::builder::{Builder, Operand};
use super::types::Declared;
use super::{Lowered, Problem};
use crate::package::{Blob, BlobType};

/// The value of a `const` operation.
pub(super) fn of_const(operation: &Operation, builder: &mut Builder<'_>) -> Lowered<Operand> {
    let value = operation
        .attributes
        .get("val")
        .ok_or("expected the attribute `val`, found none")?;
    of_value(value, builder)
}

/// A value that stands in the program.
pub(super) fn of_value(value: &Value, builder: &mut Builder<'_>) -> Lowered<Operand> {
    let declared = Declared::read(value.r#type.as_ref())?;
    let is_text = declared.kind()?.is_none();
    let shape = declared.fixed_shape()?;
    match &value.value {
        Some(value::Value::ImmediateValue(immediate)) if is_text => {
            text(immediate).map(Operand::Text)
        }
        Some(value::Value::ImmediateValue(immediate)) => {
            let tensor = in_place(immediate, &declared, shape)?;
            builder.constant(tensor).map(Operand::Tensor)
        }
        Some(value::Value::BlobFileValue(reference)) => {
            of_blob(reference, &declared, &shape, builder).map(Operand::Tensor)
        }
        None => Err("expected a value, found none".into()),
    }
}

fn text(immediate: &ImmediateValue) -> Lowered<String> {
    match &immediate.value {
        Some(Immediate::Tensor(tensor)) => match &tensor.value {
            Some(Elements::Strings(strings)) if strings.values.len() == 1 => {
                Ok(strings.values.concat())
            }
            _ => Err("expected one string".into()),
        },
        _ => Err("expected a string".into()),
    }
}

fn in_place(immediate: &ImmediateValue, declared: &Declared, shape: Vec<usize>) -> Lowered<Tensor> {
    let Some(Immediate::Tensor(tensor)) = &immediate.value else {
        return Err(format!("expected a tensor {declared}, found another kind of value").into());
    };
    // An empty field of a message is not written: nothing is what no elements look like.
    let Some(values) = &tensor.value else {
        return Err(format!("expected elements of {declared}, found none").into());
    };
    let other = || {
        Problem::Invalid(format!(
            "expected elements of {declared}, found {}",
            field_name(values)
        ))
    };
    Ok(match (declared.dtype, values) {
        (DataType::Float32, Elements::Floats(floats)) => floats_of(shape, floats.values.clone())?,
        (DataType::Float64, Elements::Doubles(doubles)) => {
            floats_of(shape, doubles.values.iter().map(|&x| x as f32).collect())?
        }
        (DataType::Bool, Elements::Bools(bools)) => {
            Tensor::Bool(Dense::new(shape, bools.values.clone())?)
        }
        (
            DataType::Int8
            | DataType::Uint8
            | DataType::Int16
            | DataType::Uint16
            | DataType::Int32
            | DataType::Uint32,
            Elements::Ints(ints),
        ) => Tensor::Int(Dense::new(shape, ints.values.clone())?),
        (DataType::Int64 | DataType::Uint64, Elements::LongInts(ints)) => {
            let narrowed = ints.values.iter().map(|&x| {
                i32::try_from(x).map_err(|_| format!("the integer {x} does not fit 32 bits"))
            });
            Tensor::Int(Dense::new(shape, narrowed.collect::<Reason<_>>()?)?)
        }
        (dtype, Elements::Bytes(bytes)) => {
            let encoding = encoding(dtype).ok_or_else(other)?;
            decode(encoding, &bytes.values, shape)?
        }
        _ => return Err(other()),
    })
}

fn field_name(values: &Elements) -> &'static str {
    match values {
        Elements::Floats(_) => "32-bit floats",
        Elements::Ints(_) => "32-bit integers",
        Elements::Bools(_) => "truth values",
        Elements::Strings(_) => "strings",
        Elements::LongInts(_) => "64-bit integers",
        Elements::Doubles(_) => "64-bit floats",
        Elements::Bytes(_) => "bytes",
    }
}

fn of_blob(
    reference: &BlobFileValue,
    declared: &Declared,
    shape: &[usize],
    builder: &mut Builder<'_>,
) -> Lowered<super::ValueId> {
    let expected = elements(shape)?;
    builder.blob_constant(&reference.file_name, reference.offset, shape, |builder| {
        let blob: Blob<'_> = (builder.blobs)(reference)?;
        if encoding(declared.dtype) != Some(blob.dtype) || blob.len != expected {
            return Err(format!(
                "expected {expected} elements of {declared} at byte {} of the weights, found {} of \
                 {:?}",
                reference.offset, blob.len, blob.dtype
            )
            .into());
        }
        Ok(decode(blob.dtype, blob.data, shape.to_vec())?)
    })
}

/// Float constants. One that is no number is refused here, where its place is known: it would end up in
/// every logit. Infinities may stand in masks.
fn floats_of(shape: Vec<usize>, data: Vec<f32>) -> Reason<Tensor> {
    // All of them are looked at, so that the compiler makes vectors of it; the place is for the error.
    if data.iter().fold(false, |found, x| found | x.is_nan()) {
        let at = data.iter().take_while(|x| !x.is_nan()).count();
        return Err(format!(
            "expected numbers, found NaN in element {at} of {shape:?}"
        ));
    }
    Dense::new(shape, data).map(Tensor::Float)
}

/// How elements of a type are written as bytes.
fn encoding(dtype: DataType) -> Option<BlobType> {
    Some(match dtype {
        DataType::Float16 => BlobType::Float16,
        DataType::Float32 => BlobType::Float32,
        DataType::Bfloat16 => BlobType::BFloat16,
        DataType::Int8 => BlobType::Int8,
        DataType::Uint8 => BlobType::UInt8,
        DataType::Int16 => BlobType::Int16,
        DataType::Uint16 => BlobType::UInt16,
        DataType::Int32 => BlobType::Int32,
        DataType::Uint32 => BlobType::UInt32,
        DataType::Int4 => BlobType::Int4,
        DataType::Uint4 => BlobType::UInt4,
        DataType::Uint1 => BlobType::UInt1,
        DataType::Uint2 => BlobType::UInt2,
        DataType::Uint3 => BlobType::UInt3,
        DataType::Uint6 => BlobType::UInt6,
        _ => return None,
    })
}

/// Reads little-endian elements; those of less than a byte follow one another from the lowest bit.
fn decode(encoding: BlobType, bytes: &[u8], shape: Vec<usize>) -> Reason<Tensor> {
    let count = elements(&shape)?;
    let bits = usize::from(encoding.bits());
    let expected = count.saturating_mul(bits).div_ceil(8);
    if bytes.len() != expected {
        return Err(format!(
            "expected {expected} bytes for {shape:?} elements of {bits} bits, found {}",
            bytes.len()
        ));
    }
    let floats = |data: Vec<f32>| floats_of(shape.clone(), data);
    let ints = |data: Vec<i32>| Dense::new(shape.clone(), data).map(Tensor::Int);
    match encoding {
        BlobType::Float16 => floats(words(bytes, |word| widen(f16::from_le_bytes(word)))),
        BlobType::BFloat16 => floats(words(bytes, |word| bf16::from_le_bytes(word).to_f32())),
        BlobType::Float32 => floats(words(bytes, f32::from_le_bytes)),
        BlobType::Int8 => ints(words(bytes, |word| i32::from(i8::from_le_bytes(word)))),
        BlobType::UInt8 => ints(words(bytes, |word| i32::from(u8::from_le_bytes(word)))),
        BlobType::Int16 => ints(words(bytes, |word| i32::from(i16::from_le_bytes(word)))),
        BlobType::UInt16 => ints(words(bytes, |word| i32::from(u16::from_le_bytes(word)))),
        BlobType::Int32 => ints(words(bytes, i32::from_le_bytes)),
        BlobType::UInt32 => {
            let wide = words(bytes, u32::from_le_bytes);
            let narrowed = wide.into_iter().map(|x| {
                i32::try_from(x).map_err(|_| format!("the integer {x} does not fit 31 bits"))
            });
            ints(narrowed.collect::<Reason<_>>()?)
        }
        BlobType::UInt1 | BlobType::UInt2 | BlobType::UInt3 | BlobType::UInt4 | BlobType::UInt6 => {
            ints(unpack(bytes, encoding.bits(), count))
        }
        BlobType::Int4 => {
            // The upper half of the range stands for -8 to -1.
            let signed = |x: i32| if x > 7 { x.wrapping_sub(16) } else { x };
            ints(unpack(bytes, 4, count).into_iter().map(signed).collect())
        }
        BlobType::Float8E4M3FN | BlobType::Float8E5M2 => {
            Err(format!("the encoding {encoding:?} is not supported"))
        }
    }
}

fn words<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (words, _) = bytes.as_chunks::<N>();
    words.iter().map(|&word| read(word)).collect()
}

/// Unsigned integers of fewer than eight bits, one after another from the lowest bit of the first
/// byte.
pub(super) fn unpack(bytes: &[u8], bits: u8, count: usize) -> Vec<i32> {
    let mut bytes = bytes.iter();
    let mut pending = 0_u32;
    let mut available = 0_u32;
    let bits = u32::from(bits);
    let mask = 1_u32.checked_shl(bits).unwrap_or(0).wrapping_sub(1);
    let mut unpacked = Vec::with_capacity(count);
    for _ in 0..count {
        if available < bits {
            let next = u32::from(bytes.next().copied().unwrap_or(0));
            pending |= next.checked_shl(available).unwrap_or(0);
            available = available.saturating_add(8);
        }
        unpacked.push((pending & mask).cast_signed());
        pending = pending.checked_shr(bits).unwrap_or(0);
        available = available.saturating_sub(bits);
    }
    unpacked
}

/// A half-precision constant in single precision.
///
/// An infinite one becomes the largest finite number: coremltools writes the mask constants of
/// PyTorch, `torch.finfo(torch.float32).min` and such, as infinities because they overflow, and
/// programs multiply them by the zeros of `1 - mask`. Finite, they do what they were written for;
/// infinite, every logit would be NaN.
pub(super) fn widen(half: f16) -> f32 {
    // By hand and without branches, so that the compiler makes vectors of it: the elements of a model
    // are millions. Exponent and fraction go to their places in the wider format, and one product,
    // which is exact, sets the exponent right for numbers of every size.
    const SIGN: u16 = 0x8000;
    const INFINITE: u16 = 0x7C00;
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let magnitude = half.to_bits() & !SIGN;
    let finite = f32::from_bits(u32::from(magnitude) << 13) * BIAS;
    let wide = match magnitude {
        0..INFINITE => finite,
        INFINITE => f32::MAX,
        _ => f32::NAN,
    };
    f32::from_bits(wide.to_bits() | (u32::from(half.to_bits() & SIGN) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_from_the_lowest_bit() {
        assert_eq!(unpack(&[0b0110_1100, 0b0000_0011], 2, 5), [0, 3, 2, 1, 3]);
        assert_eq!(unpack(&[0b1010_0001], 1, 8), [1, 0, 0, 0, 0, 1, 0, 1]);
        // Six bits: 0b100001, then 0b11 and 0b0101 across two bytes.
        assert_eq!(
            unpack(&[0b1110_0001, 0b0000_0101], 6, 2),
            [0b10_0001, 0b01_0111]
        );
        assert_eq!(unpack(&[0xA5], 4, 2), [5, 10]);
        assert_eq!(unpack(&[7, 255], 8, 2), [7, 255]);
    }

    #[test]
    fn every_half_is_widened() {
        for half in (0..=u16::MAX).map(f16::from_bits) {
            let (found, exact) = (widen(half), half.to_f32());
            if exact.is_finite() {
                assert_eq!(found.to_bits(), exact.to_bits(), "{half:?}");
            } else if exact.is_infinite() {
                assert_eq!(found, f32::MAX.copysign(exact), "{half:?}");
            } else {
                assert!(found.is_nan(), "{half:?}");
            }
        }
    }

    #[test]
    fn decodes_each_encoding() {
        let floats = |data: &[f32]| Tensor::Float(Dense::new([data.len()], data.to_vec()).unwrap());
        let ints = |data: &[i32]| Tensor::Int(Dense::new([data.len()], data.to_vec()).unwrap());
        for (encoding, bytes, expected) in [
            (
                BlobType::Float16,
                &[0x00, 0x3C, 0x00, 0xC0][..],
                floats(&[1.0, -2.0]),
            ),
            (
                BlobType::Float16,
                &[0x00, 0x7C, 0x00, 0xFC],
                floats(&[f32::MAX, f32::MIN]),
            ),
            (BlobType::BFloat16, &[0x80, 0x3F], floats(&[1.0])),
            (
                BlobType::Float32,
                &[0, 0, 0x80, 0xFF],
                floats(&[f32::NEG_INFINITY]),
            ),
            (BlobType::Int8, &[0xFF], ints(&[-1])),
            (BlobType::UInt8, &[0xFF], ints(&[255])),
            (BlobType::Int16, &[0xFE, 0xFF], ints(&[-2])),
            (BlobType::UInt16, &[0xFE, 0xFF], ints(&[65_534])),
            (BlobType::Int32, &[0xFD, 0xFF, 0xFF, 0xFF], ints(&[-3])),
            (BlobType::UInt32, &[1, 0, 0, 0], ints(&[1])),
            (BlobType::Int4, &[0x7F, 0x08], ints(&[-1, 7, -8])),
            (BlobType::UInt4, &[0x7F], ints(&[15, 7])),
        ] {
            let shape = expected.shape().to_vec();
            assert_eq!(
                decode(encoding, bytes, shape).unwrap(),
                expected,
                "{encoding:?}"
            );
        }
        assert!(decode(BlobType::UInt32, &[0xFF; 4], vec![1]).is_err());
        assert!(decode(BlobType::Float16, &[0; 3], vec![1]).is_err());
        assert_eq!(
            decode(BlobType::Float16, &[0x00, 0x3C, 0x01, 0x7C], vec![1, 2]).unwrap_err(),
            "expected numbers, found NaN in element 1 of [1, 2]"
        );
        assert!(decode(BlobType::Float8E5M2, &[0], vec![1]).is_err());
    }
}
