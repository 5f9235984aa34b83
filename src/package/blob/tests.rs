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
