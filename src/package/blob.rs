//! `weight.bin`: the tensors that an ML Program points into.
//!
//! The layout is MILBlob's storage format, version 2, all numbers little-endian:
//!
//! - a header of 64 bytes: number of blobs `u32`, version `u32`, zeros;
//! - for each blob a record of 64 bytes: sentinel `0xDEADBEEF` `u32`, element type `u32`, bytes of
//!   data `u64`, offset of the data `u64`, unused bits at the end of the data `u64`, zeros;
//!   then its data. Record and data start at multiples of 64.

use std::ops::Range;

use crate::error::{Error, Result};

/// Records and data start at multiples of this; also the size of the header and of a record.
const ALIGNMENT: usize = 64;

/// Version of the storage format.
const VERSION: u32 = 2;

/// What a record begins with.
const SENTINEL: u32 = 0xDEAD_BEEF;

/// Element type of a blob; the numbers are those of MILBlob's `BlobDataType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BlobType {
    Float16,
    Float32,
    UInt8,
    Int8,
    BFloat16,
    Int16,
    UInt16,
    Int4,
    UInt1,
    UInt2,
    UInt4,
    UInt3,
    UInt6,
    Int32,
    UInt32,
    Float8E4M3FN,
    Float8E5M2,
}

impl BlobType {
    fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Float16,
            2 => Self::Float32,
            3 => Self::UInt8,
            4 => Self::Int8,
            5 => Self::BFloat16,
            6 => Self::Int16,
            7 => Self::UInt16,
            8 => Self::Int4,
            9 => Self::UInt1,
            10 => Self::UInt2,
            11 => Self::UInt4,
            12 => Self::UInt3,
            13 => Self::UInt6,
            14 => Self::Int32,
            15 => Self::UInt32,
            16 => Self::Float8E4M3FN,
            17 => Self::Float8E5M2,
            _ => return None,
        })
    }

    /// Size of an element in bits; elements of less than 8 bits are packed from the lowest bit up.
    pub(crate) const fn bits(self) -> u8 {
        match self {
            Self::UInt1 => 1,
            Self::UInt2 => 2,
            Self::UInt3 => 3,
            Self::Int4 | Self::UInt4 => 4,
            Self::UInt6 => 6,
            Self::UInt8 | Self::Int8 | Self::Float8E4M3FN | Self::Float8E5M2 => 8,
            Self::Float16 | Self::BFloat16 | Self::Int16 | Self::UInt16 => 16,
            Self::Float32 | Self::Int32 | Self::UInt32 => 32,
        }
    }
}

/// A tensor of a weight file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob<'a> {
    /// Element type.
    pub(crate) dtype: BlobType,
    /// Number of elements.
    pub(crate) len: usize,
    /// The elements, little-endian, `len * dtype.bits()` bits rounded up to bytes.
    pub(crate) data: &'a [u8],
}

/// Where the blobs of a weight file are: all its records, checked.
#[derive(Debug, Clone)]
pub(super) struct BlobIndex {
    /// In the order of their offsets.
    records: Vec<Record>,
}

#[derive(Debug, Clone)]
struct Record {
    offset: usize,
    dtype: BlobType,
    len: usize,
    data: Range<usize>,
}

impl BlobIndex {
    /// Reads and checks all records of a weight file.
    ///
    /// Blobs follow one another, so that none can overlap another: a record starts at the first
    /// aligned byte after the data before it, and data after their record.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] with the byte offset where the file breaks the format.
    pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Self> {
        let invalid = |offset: usize, reason: String| invalid(file, offset, reason);
        let (Some(count), Some(version), true) =
            (u32_at(bytes, 0), u32_at(bytes, 4), bytes.len() >= ALIGNMENT)
        else {
            return Err(invalid(
                0,
                format!("expected a header of 64 bytes, found {} bytes", bytes.len()),
            ));
        };
        if version != VERSION {
            return Err(invalid(
                4,
                format!("expected storage version {VERSION}, found {version}"),
            ));
        }

        let mut records = Vec::new();
        let mut next = ALIGNMENT;
        // The count is only compared with: a false one ends at the end of the file.
        for index in 0..count {
            let record = read_record(bytes, next)
                .map_err(|reason| invalid(next, format!("blob {index} of {count}: {reason}")))?;
            let end = record.data.end;
            records.push(record);
            next = end
                .checked_next_multiple_of(ALIGNMENT)
                .ok_or_else(|| invalid(end, "the data end beyond what is addressable".into()))?;
        }
        // The file may end with the last data or with their padding.
        if bytes.len() > next {
            return Err(invalid(
                next,
                format!(
                    "expected the end of the file after {count} blobs, found {} bytes in all",
                    bytes.len()
                ),
            ));
        }
        Ok(Self { records })
    }

    /// The blob whose record is at this offset of the file that the index was read from.
    ///
    /// # Errors
    ///
    /// [`Error::Package`] when no record is there.
    pub(super) fn blob<'a>(&self, file: &str, bytes: &'a [u8], offset: u64) -> Result<Blob<'a>> {
        usize::try_from(offset)
            .ok()
            .and_then(|offset| {
                let found = self
                    .records
                    .binary_search_by_key(&offset, |record| record.offset)
                    .ok()?;
                let record = self.records.get(found)?;
                Some(Blob {
                    dtype: record.dtype,
                    len: record.len,
                    data: bytes.get(record.data.clone())?,
                })
            })
            .ok_or_else(|| Error::Package {
                file: file.to_owned(),
                place: format!("byte {offset}"),
                reason: "the program expects a blob here, the file has none".to_owned(),
            })
    }
}

/// Reads the record at `offset` and checks that its data lie in the file, after the record.
fn read_record(bytes: &[u8], offset: usize) -> Result<Record, String> {
    let beyond = || {
        format!(
            "expected a record of {ALIGNMENT} bytes, the file ends at byte {}",
            bytes.len()
        )
    };
    let record_end = offset.checked_add(ALIGNMENT).ok_or_else(beyond)?;
    let record = bytes.get(offset..record_end).ok_or_else(beyond)?;
    let (Some(sentinel), Some(dtype), Some(size), Some(start), Some(padding_bits)) = (
        u32_at(record, 0),
        u32_at(record, 4),
        u64_at(record, 8),
        u64_at(record, 16),
        u64_at(record, 24),
    ) else {
        return Err(beyond());
    };
    if sentinel != SENTINEL {
        return Err(format!(
            "expected the sentinel {SENTINEL:#010x}, found {sentinel:#010x}"
        ));
    }
    let dtype = BlobType::from_number(dtype)
        .ok_or_else(|| format!("expected an element type from 1 to 17, found {dtype}"))?;
    let alignment = u64::try_from(ALIGNMENT).unwrap_or(u64::MAX);
    if start.checked_rem(alignment) != Some(0) {
        return Err(format!(
            "expected data at a multiple of {ALIGNMENT}, found offset {start}"
        ));
    }
    if usize::try_from(start) != Ok(record_end) {
        return Err(format!(
            "expected data at byte {record_end}, after the record, found offset {start}"
        ));
    }
    let data = usize::try_from(size)
        .ok()
        .and_then(|size| record_end.checked_add(size))
        .map(|end| record_end..end)
        .filter(|data| data.end <= bytes.len())
        .ok_or_else(|| {
            format!(
                "expected {size} bytes of data at byte {start}, the file ends at byte {}",
                bytes.len()
            )
        })?;
    let element_bits = u64::from(dtype.bits());
    let len = size
        .checked_mul(8)
        // Fewer than eight bits at the end of the last byte are unused.
        .filter(|_| padding_bits < 8)
        .and_then(|bits| bits.checked_sub(padding_bits))
        .filter(|bits| bits.checked_rem(element_bits) == Some(0))
        .and_then(|bits| bits.checked_div(element_bits))
        .and_then(|len| usize::try_from(len).ok())
        .ok_or_else(|| {
            format!(
                "{size} bytes without {padding_bits} bits at the end are no whole number of \
                 {dtype:?} elements"
            )
        })?;
    Ok(Record {
        offset,
        dtype,
        len,
        data,
    })
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    let (value, _) = bytes.get(offset..)?.split_first_chunk()?;
    Some(u32::from_le_bytes(*value))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let (value, _) = bytes.get(offset..)?.split_first_chunk()?;
    Some(u64::from_le_bytes(*value))
}

fn invalid(file: &str, offset: usize, reason: String) -> Error {
    Error::Package {
        file: file.to_owned(),
        place: format!("byte {offset}"),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{RawBlob, weight_file};
    use super::*;

    fn read(bytes: &[u8]) -> Result<BlobIndex> {
        BlobIndex::read("weight.bin", bytes)
    }

    fn refusal(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    /// Two blobs: float16 × 3 with its record at byte 64, float32 × 2 with its record at byte 192.
    fn two_blobs() -> Vec<u8> {
        weight_file(&[RawBlob::new(1, *b"abcdef"), RawBlob::new(2, *b"ABCDEFGH")])
    }

    fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
        bytes[offset..offset + value.len()].copy_from_slice(value);
    }

    #[test]
    fn blobs_are_found_at_the_offsets_of_their_records() {
        let bytes = two_blobs();
        let index = read(&bytes).unwrap();
        assert_eq!(
            index.blob("weight.bin", &bytes, 64).unwrap(),
            Blob {
                dtype: BlobType::Float16,
                len: 3,
                data: b"abcdef",
            }
        );
        assert_eq!(
            index.blob("weight.bin", &bytes, 192).unwrap(),
            Blob {
                dtype: BlobType::Float32,
                len: 2,
                data: b"ABCDEFGH",
            }
        );
        for offset in [0, 63, 65, 128, 256, 320, u64::MAX] {
            assert_eq!(
                index
                    .blob("weight.bin", &bytes, offset)
                    .unwrap_err()
                    .to_string(),
                format!(
                    "weight.bin: byte {offset}: the program expects a blob here, the file has none"
                )
            );
        }
    }

    /// Numbers, sizes in bytes and unused bits of three elements (of seven for `write_uint6_data`)
    /// as coremltools 9.0 writes them.
    #[test]
    fn element_types_and_sizes_are_those_of_the_writer() {
        for (number, size, padding_bits, expected, len) in [
            (1, 6, 0, BlobType::Float16, 3),
            (2, 12, 0, BlobType::Float32, 3),
            (3, 3, 0, BlobType::UInt8, 3),
            (4, 3, 0, BlobType::Int8, 3),
            (5, 6, 0, BlobType::BFloat16, 3),
            (6, 6, 0, BlobType::Int16, 3),
            (7, 6, 0, BlobType::UInt16, 3),
            (8, 2, 4, BlobType::Int4, 3),
            (9, 1, 5, BlobType::UInt1, 3),
            (10, 1, 2, BlobType::UInt2, 3),
            (11, 2, 4, BlobType::UInt4, 3),
            (12, 2, 7, BlobType::UInt3, 3),
            (13, 6, 6, BlobType::UInt6, 7),
            (14, 12, 0, BlobType::Int32, 3),
            (15, 12, 0, BlobType::UInt32, 3),
            (16, 3, 0, BlobType::Float8E4M3FN, 3),
            (17, 3, 0, BlobType::Float8E5M2, 3),
        ] {
            let blob = RawBlob {
                dtype: number,
                padding_bits,
                data: vec![7; size],
            };
            let bytes = weight_file(&[blob]);
            let blob = read(&bytes).unwrap();
            let blob = blob.blob("weight.bin", &bytes, 64).unwrap();
            assert_eq!(
                (blob.dtype, blob.len, blob.data.len()),
                (expected, len, size)
            );
        }
    }

    #[test]
    fn files_without_blobs_and_blobs_without_elements_are_right() {
        assert!(read(&weight_file(&[])).is_ok());
        let bytes = weight_file(&[RawBlob::new(2, []), RawBlob::new(2, [])]);
        let index = read(&bytes).unwrap();
        assert_eq!(index.blob("w", &bytes, 64).unwrap().len, 0);
        assert_eq!(index.blob("w", &bytes, 128).unwrap().len, 0);
    }

    #[test]
    fn padding_after_the_last_data_is_right() {
        let mut bytes = two_blobs();
        bytes.resize(320, 0);
        assert!(read(&bytes).is_ok());
        bytes.push(0);
        assert_eq!(
            refusal(&bytes),
            "weight.bin: byte 320: expected the end of the file after 2 blobs, found 321 bytes in all"
        );
    }

    #[test]
    fn every_field_is_checked() {
        let u32 = |value: u32| value.to_le_bytes().to_vec();
        let u64 = |value: u64| value.to_le_bytes().to_vec();
        for (offset, value, expected) in [
            (
                0,
                u32(0),
                "byte 64: expected the end of the file after 0 blobs",
            ),
            (
                0,
                u32(1),
                "byte 192: expected the end of the file after 1 blobs",
            ),
            (
                0,
                u32(3),
                "byte 320: blob 2 of 3: expected a record of 64 bytes",
            ),
            (
                0,
                u32(u32::MAX),
                "byte 320: blob 2 of 4294967295: expected a record",
            ),
            (4, u32(1), "byte 4: expected storage version 2, found 1"),
            (
                64,
                u32(0),
                "byte 64: blob 0 of 2: expected the sentinel 0xdeadbeef, found 0x00000000",
            ),
            (
                68,
                u32(0),
                "byte 64: blob 0 of 2: expected an element type from 1 to 17, found 0",
            ),
            (
                68,
                u32(18),
                "byte 64: blob 0 of 2: expected an element type from 1 to 17, found 18",
            ),
            (
                68,
                u32(2),
                "byte 64: blob 0 of 2: 6 bytes without 0 bits at the end are no whole number of Float32",
            ),
            (72, u64(5), "byte 64: blob 0 of 2: 5 bytes without 0 bits"),
            // One that covers the second record.
            (
                72,
                u64(80),
                "byte 256: blob 1 of 2: expected a record of 64 bytes, the file ends at byte 264",
            ),
            (
                72,
                u64(1 << 20),
                "byte 64: blob 0 of 2: expected 1048576 bytes of data at byte 128, the file ends at byte 264",
            ),
            (
                72,
                u64(u64::MAX),
                "byte 64: blob 0 of 2: expected 18446744073709551615 bytes",
            ),
            (
                72,
                u64(u64::MAX - 127),
                "byte 64: blob 0 of 2: expected 18446744073709551488 bytes",
            ),
            (
                80,
                u64(129),
                "byte 64: blob 0 of 2: expected data at a multiple of 64, found offset 129",
            ),
            (
                80,
                u64(0),
                "byte 64: blob 0 of 2: expected data at byte 128, after the record, found offset 0",
            ),
            (
                80,
                u64(256),
                "byte 64: blob 0 of 2: expected data at byte 128, after the record, found offset 256",
            ),
            (
                80,
                u64(u64::MAX - 63),
                "byte 64: blob 0 of 2: expected data at byte 128, after the record",
            ),
            (88, u64(3), "byte 64: blob 0 of 2: 6 bytes without 3 bits"),
            (88, u64(16), "byte 64: blob 0 of 2: 6 bytes without 16 bits"),
            (
                88,
                u64(u64::MAX),
                "byte 64: blob 0 of 2: 6 bytes without 18446744073709551615 bits",
            ),
        ] {
            let mut bytes = two_blobs();
            put(&mut bytes, offset, &value);
            let refusal = refusal(&bytes);
            assert!(
                refusal.starts_with(&format!("weight.bin: {expected}")),
                "{value:?} at {offset}: {refusal}"
            );
        }
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = two_blobs();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(
            refusal(&bytes[..20]),
            "weight.bin: byte 0: expected a header of 64 bytes, found 20 bytes"
        );
    }
}
