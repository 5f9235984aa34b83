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
mod tests;
