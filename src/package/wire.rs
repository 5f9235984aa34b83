//! The wire format of protocol buffers, looked over before anything is decoded.
//!
//! A message of two bytes can take two hundred when it is decoded, so that a file made for the
//! purpose would take a hundred times its size. Here its messages are counted, without a schema and
//! in one pass: what is delimited by a length is read as a message as far as it goes. Texts and bytes
//! are counted too, and what looks like a message inside them.

/// Deepest nesting that is followed. The decoder refuses what is nested deeper than 100.
const MAX_DEPTH: usize = 128;

/// What a field's value is, or where it ends.
enum Value {
    /// Ends here.
    Plain(usize),
    /// Lies in these bytes.
    Delimited { start: usize, end: usize },
}

/// Number of length-delimited fields at any depth: at least as many as there are messages, texts and
/// byte strings in the decoded message.
pub(super) fn delimited_fields(bytes: &[u8]) -> usize {
    let mut count = 0_usize;
    let mut at = 0;
    // Ends of the messages that are being read, from the outermost inwards.
    let mut ends = vec![bytes.len()];
    while let Some(&end) = ends.last() {
        if at >= end {
            ends.pop();
            continue;
        }
        match field(bytes, at, end) {
            Some((_, Value::Plain(next))) => at = next,
            Some((_, Value::Delimited { start, end })) => {
                count = count.saturating_add(1);
                if ends.len() < MAX_DEPTH {
                    at = start;
                    ends.push(end);
                } else {
                    at = end;
                }
            }
            // No message, or one that is cut: the decoder stops here, or took it for bytes.
            None => {
                at = end;
                ends.pop();
            }
        }
    }
    count
}

/// Numbers of the fields of the outermost message, up to where it is cut.
pub(super) fn field_numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let (number, value) = field(bytes, at, bytes.len())?;
        at = match value {
            Value::Plain(next) => next,
            Value::Delimited { end, .. } => end,
        };
        Some(number)
    })
}

/// The field that begins at `at`, in a message that ends at `end`: its number and value.
fn field(bytes: &[u8], at: usize, end: usize) -> Option<(u32, Value)> {
    let (key, at) = varint(bytes, at, end)?;
    let number = u32::try_from(key >> 3).ok().filter(|&number| number > 0)?;
    let skip = |size: usize| at.checked_add(size).filter(|&next| next <= end);
    let value = match key & 7 {
        0 => Value::Plain(varint(bytes, at, end)?.1),
        1 => Value::Plain(skip(8)?),
        5 => Value::Plain(skip(4)?),
        2 => {
            let (size, start) = varint(bytes, at, end)?;
            let stop = start.checked_add(usize::try_from(size).ok()?)?;
            Value::Delimited {
                start,
                end: Some(stop).filter(|&stop| stop <= end)?,
            }
        }
        // Beginning and end of a group: its fields are read as if they stood outside.
        3 | 4 => Value::Plain(at),
        _ => return None,
    };
    Some((number, value))
}

/// A number in groups of seven bits, and where it ends.
fn varint(bytes: &[u8], at: usize, end: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.get(at..end)?.iter().take(10).enumerate() {
        let shift = u32::try_from(index).ok()?.checked_mul(7)?;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((value, at.checked_add(index)?.checked_add(1)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use coreml_proto::proto::mil_spec::{Block, Operation};
    use prost::Message as _;

    use super::*;

    #[test]
    fn every_message_text_and_byte_string_is_counted() {
        assert_eq!(delimited_fields(b""), 0);
        // Field 1 holds a message whose field 2 is a text that is no message.
        assert_eq!(delimited_fields(b"\x0a\x05\x12\x03\xff\xff\xff"), 2);
        let block = Block {
            operations: vec![Operation::default(); 1000],
            ..Block::default()
        };
        assert_eq!(delimited_fields(&block.encode_to_vec()), 1000);
    }

    #[test]
    fn what_follows_a_damaged_part_is_counted() {
        // A field of three bytes that are no message, then an empty message.
        assert_eq!(delimited_fields(b"\x0a\x03\x07\x07\x07\x12\x00"), 2);
        // Two empty messages, then a length beyond the end.
        assert_eq!(delimited_fields(b"\x0a\x00\x0a\x00\x0a\x7f"), 2);
    }

    #[test]
    fn groups_hide_nothing() {
        // Group 1 with an empty message in it, end of the group.
        assert_eq!(delimited_fields(b"\x0b\x12\x00\x0c"), 1);
    }

    #[test]
    fn numbers_of_the_outermost_fields_are_told() {
        let numbers: Vec<u32> = field_numbers(b"\x08\x07\x12\x02\x0a\x00\xa2\x1f\x00").collect();
        assert_eq!(numbers, [1, 2, 500]);
        assert_eq!(field_numbers(b"\x08\x07\xff").count(), 1);
        assert_eq!(field_numbers(b"\x00\x01").count(), 0);
    }

    /// One pass, however deep: each byte is looked at once.
    #[test]
    fn nesting_without_end_is_counted_in_one_pass() {
        let mut bytes = Vec::new();
        for _ in 0..300 {
            let mut outer = Vec::new();
            prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut outer);
            prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.extend(bytes);
            bytes = outer;
        }
        assert_eq!(delimited_fields(&bytes), MAX_DEPTH);
    }
}
