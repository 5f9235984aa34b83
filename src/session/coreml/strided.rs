//! Copies into and out of arrays whose elements need not lie side by side.
//!
//! Strides are counted in elements, as `MLMultiArray` counts them.

use std::mem::MaybeUninit;

use half::f16;

use super::engine::{ElementType, RawOutput};

/// Where each element lies, in row-major order of its index; checked to lie within `capacity` elements.
fn offsets(shape: &[usize], strides: &[usize], capacity: usize) -> Result<Vec<usize>, String> {
    let layout = || format!("shape {shape:?} with strides {strides:?}");
    if shape.len() != strides.len() {
        return Err(format!("{}: expected one stride per dimension", layout()));
    }
    if shape.contains(&0) {
        return Ok(Vec::new());
    }
    let mut count = 1_usize;
    let mut last = 0_usize;
    for (&size, &stride) in shape.iter().zip(strides) {
        count = count.checked_mul(size).ok_or_else(layout)?;
        last = (size - 1)
            .checked_mul(stride)
            .and_then(|step| last.checked_add(step))
            .ok_or_else(layout)?;
    }
    if last >= capacity {
        return Err(format!(
            "{}: expected room for {} elements, found {capacity}",
            layout(),
            last.saturating_add(1)
        ));
    }
    // A zero stride repeats one element, so the count is not bounded by the capacity.
    if count > MAX_ELEMENTS {
        return Err(format!(
            "{}: expected at most {MAX_ELEMENTS} elements",
            layout()
        ));
    }
    let mut found = Vec::with_capacity(count);
    found.push(0);
    for (&size, &stride) in shape.iter().zip(strides) {
        found = found
            .iter()
            .flat_map(|&start| (0..size).map(move |index| start + index * stride))
            .collect();
    }
    Ok(found)
}

/// More elements than any input or output of a section classifier has.
const MAX_ELEMENTS: usize = 1 << 24;

/// One byte of an array's memory.
pub(super) trait Cell {
    /// Sets it, without reading what was there.
    fn put(&mut self, byte: u8);
}

impl Cell for MaybeUninit<u8> {
    fn put(&mut self, byte: u8) {
        self.write(byte);
    }
}

/// Writes int32 values into the memory of an array, at the places that its strides name.
///
/// Bytes between the elements are left as they are, and nothing is read: the memory may be
/// uninitialised.
pub(super) fn write_i32(
    values: &[i32],
    shape: &[usize],
    strides: &[usize],
    memory: &mut [impl Cell],
) -> Result<(), String> {
    const SIZE: usize = size_of::<i32>();
    let places = offsets(shape, strides, memory.len() / SIZE)?;
    if places.len() != values.len() {
        return Err(format!(
            "shape {shape:?}: expected {} values, found {}",
            places.len(),
            values.len()
        ));
    }
    if shape
        .iter()
        .zip(strides)
        .any(|(&size, &stride)| size > 1 && stride == 0)
    {
        return Err(format!(
            "shape {shape:?} with strides {strides:?}: elements share their memory"
        ));
    }
    for (value, place) in values.iter().zip(places) {
        let cells = memory.iter_mut().skip(place * SIZE);
        for (cell, byte) in cells.zip(value.to_ne_bytes()) {
            cell.put(byte);
        }
    }
    Ok(())
}

/// The values of a float array in row-major order, by its own element type and strides.
pub(super) fn read_f32(array: &RawOutput) -> Result<Vec<f32>, String> {
    let RawOutput {
        dtype,
        shape,
        strides,
        bytes,
    } = array;
    match dtype {
        ElementType::Float16 => read(shape, strides, bytes, |raw| f16::from_ne_bytes(raw).into()),
        ElementType::Float32 => read(shape, strides, bytes, f32::from_ne_bytes),
        // Rounds: logits are far inside the range of f32.
        ElementType::Float64 => read(shape, strides, bytes, |raw| f64::from_ne_bytes(raw) as f32),
        ElementType::Int32 | ElementType::Other(_) => Err(format!(
            "expected float16, float32 or float64, found {dtype}"
        )),
    }
}

fn read<const SIZE: usize>(
    shape: &[usize],
    strides: &[usize],
    bytes: &[u8],
    value: impl Fn([u8; SIZE]) -> f32,
) -> Result<Vec<f32>, String> {
    let (cells, _) = bytes.as_chunks::<SIZE>();
    offsets(shape, strides, cells.len())?
        .into_iter()
        .map(|place| {
            cells
                .get(place)
                .map(|raw| value(*raw))
                .ok_or_else(|| format!("element {place} lies outside the array"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(dtype: ElementType, shape: &[usize], strides: &[usize], bytes: Vec<u8>) -> RawOutput {
        RawOutput {
            dtype,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            bytes,
        }
    }

    impl Cell for u8 {
        fn put(&mut self, byte: u8) {
            *self = byte;
        }
    }

    /// Memory as CoreML hands it out, with a pattern that shows what was touched.
    fn memory(bytes: usize) -> Vec<u8> {
        vec![0xAA; bytes]
    }

    #[test]
    fn values_are_written_as_int32_bit_patterns() {
        let mut cells = memory(12);
        write_i32(&[1, -2, 29_563], &[1, 3], &[3, 1], &mut cells).unwrap();
        let expected: Vec<u8> = [1_i32, -2, 29_563]
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        assert_eq!(cells, expected);
    }

    #[test]
    fn padding_between_elements_is_left_alone() {
        let mut cells = memory(24);
        write_i32(&[7, 8, 9], &[1, 3], &[64, 2], &mut cells).unwrap();
        let (values, _) = cells.as_chunks::<4>();
        let untouched = [0xAA; 4];
        assert_eq!(values[0], 7_i32.to_ne_bytes());
        assert_eq!(values[1], untouched);
        assert_eq!(values[2], 8_i32.to_ne_bytes());
        assert_eq!(values[3], untouched);
        assert_eq!(values[4], 9_i32.to_ne_bytes());
        assert_eq!(values[5], untouched);
    }

    #[test]
    fn writing_outside_the_memory_is_refused() {
        let error = write_i32(&[1, 2], &[1, 2], &[2, 1], &mut memory(7)).unwrap_err();
        assert!(error.contains("room for 2 elements, found 1"), "{error}");
        let error = write_i32(&[1, 2], &[1, 2], &[2, usize::MAX], &mut memory(8)).unwrap_err();
        assert!(error.contains("room for"), "{error}");
        let error = write_i32(&[1; 3], &[3], &[usize::MAX], &mut memory(8)).unwrap_err();
        assert!(error.contains("strides"), "{error}");
    }

    #[test]
    fn a_wrong_number_of_values_or_shared_memory_is_refused() {
        let error = write_i32(&[1], &[1, 2], &[2, 1], &mut memory(8)).unwrap_err();
        assert!(error.contains("expected 2 values, found 1"), "{error}");
        let error = write_i32(&[1, 2], &[1, 2], &[1, 0], &mut memory(8)).unwrap_err();
        assert!(error.contains("share"), "{error}");
        let error = write_i32(&[1, 2], &[1, 2], &[1], &mut memory(8)).unwrap_err();
        assert!(error.contains("one stride per dimension"), "{error}");
    }

    #[test]
    fn float16_is_read_exactly() {
        let values = [-1.5_f32, 0.0, 65_504.0, 5.960_464_5e-8, f32::NEG_INFINITY];
        let bytes = values
            .iter()
            .flat_map(|&value| f16::from_f32(value).to_ne_bytes())
            .collect();
        let read = read_f32(&raw(ElementType::Float16, &[1, 5], &[5, 1], bytes)).unwrap();
        assert_eq!(read, values);
    }

    #[test]
    fn rows_padded_by_the_neural_engine_are_read_by_stride() {
        // One row of five float16 logits, 32 elements apart from the next, as the engine aligns them.
        let mut bytes = vec![0xFF; 2 * 32 * 2];
        for row in 0..2_u8 {
            for column in 0..5_u8 {
                let value = f16::from_f32(f32::from(row) * 10.0 + f32::from(column));
                let at = (usize::from(row) * 32 + usize::from(column)) * 2;
                bytes[at..at + 2].copy_from_slice(&value.to_ne_bytes());
            }
        }
        let read = read_f32(&raw(ElementType::Float16, &[2, 5], &[32, 1], bytes)).unwrap();
        assert_eq!(
            read,
            [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0, 13.0, 14.0]
        );
    }

    #[test]
    fn a_transposed_array_is_read_in_index_order() {
        let bytes = [0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0]
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        let read = read_f32(&raw(ElementType::Float32, &[3, 2], &[1, 3], bytes)).unwrap();
        assert_eq!(read, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn float64_is_rounded_to_float32() {
        let bytes = [0.1_f64, -2.5]
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        let read = read_f32(&raw(ElementType::Float64, &[2], &[1], bytes)).unwrap();
        assert_eq!(read, [0.1_f32, -2.5]);
    }

    #[test]
    fn integers_and_unknown_types_are_not_read_as_floats() {
        for dtype in [ElementType::Int32, ElementType::Other(0x2_0008)] {
            let error = read_f32(&raw(dtype, &[1], &[1], vec![0; 8])).unwrap_err();
            assert!(error.contains(&dtype.to_string()), "{error}");
        }
    }

    #[test]
    fn a_short_buffer_is_refused() {
        let error =
            read_f32(&raw(ElementType::Float32, &[1, 5], &[5, 1], vec![0; 19])).unwrap_err();
        assert!(error.contains("room for 5 elements, found 4"), "{error}");
    }

    #[test]
    fn a_repeated_element_cannot_ask_for_endless_memory() {
        let shape = [1 << 20, 1 << 20];
        let error = read_f32(&raw(ElementType::Float32, &shape, &[0, 0], vec![0; 4])).unwrap_err();
        assert!(error.contains("at most"), "{error}");
    }

    proptest! {
        /// What is written through any strides without overlap is read back at the same indices.
        #[test]
        fn written_values_are_found_by_a_naive_reader(
            shape in prop::collection::vec(1_usize..5, 1..4),
            gap in 1_usize..4,
        ) {
            let mut strides = vec![0; shape.len()];
            let mut step = gap;
            for (stride, size) in strides.iter_mut().zip(&shape).rev() {
                *stride = step;
                step = step * size + gap;
            }
            let count: usize = shape.iter().product();
            let values: Vec<i32> = (0..count as i32).map(|value| value * 7 - 3).collect();
            let mut cells = memory(step * 4);
            write_i32(&values, &shape, &strides, &mut cells).unwrap();
            for (index, value) in values.iter().enumerate() {
                let (mut rest, mut place) = (index, 0);
                for (size, stride) in shape.iter().zip(&strides).rev() {
                    place += rest % size * stride;
                    rest /= size;
                }
                prop_assert_eq!(&cells[place * 4..place * 4 + 4], &value.to_ne_bytes());
            }
        }

        /// No layout makes a read panic.
        #[test]
        fn any_layout_is_read_or_refused(
            shape in prop::collection::vec(0_usize..6, 0..4),
            strides in prop::collection::vec(prop_oneof![0_usize..40, Just(usize::MAX)], 0..4),
            length in 0_usize..200,
        ) {
            let found = read_f32(&raw(ElementType::Float32, &shape, &strides, vec![0; length]));
            if let Ok(values) = found {
                prop_assert_eq!(values.len(), shape.iter().product::<usize>());
            }
        }
    }
}
