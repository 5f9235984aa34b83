//! `weight.bin`.

use crate::sound::{Case, WEIGHTS, with};

/// The first record of the file.
const RECORD: usize = 64;
/// What it describes: float16, the embedding table.
pub const DATA: usize = 128;

fn put(name: &'static str, at: usize, value: impl AsRef<[u8]>, says: &'static str) -> Case {
    let files = with(WEIGHTS, |bytes| {
        let value = value.as_ref();
        bytes[at..at + value.len()].copy_from_slice(value);
    });
    Case { name, files, says }
}

fn cut(name: &'static str, at: usize, says: &'static str) -> Case {
    Case {
        name,
        files: with(WEIGHTS, |bytes| bytes.truncate(at)),
        says,
    }
}

pub fn cases() -> Vec<Case> {
    let max = u64::MAX.to_le_bytes();
    vec![
        cut(
            "weights: empty",
            0,
            "weight.bin: byte 0: expected a header of 64 bytes, found 0",
        ),
        cut(
            "weights: half a header",
            32,
            "weight.bin: byte 0: expected a header of 64 bytes, found 32",
        ),
        cut(
            "weights: a header alone",
            64,
            "weight.bin: byte 64: blob 0 of 3: expected a record of 64 bytes, the file ends at byte 64",
        ),
        cut(
            "weights: half a record",
            100,
            "weight.bin: byte 64: blob 0 of 3: expected a record",
        ),
        cut(
            "weights: a record alone",
            128,
            "weight.bin: byte 64: blob 0 of 3: expected 256 bytes of data at byte 128",
        ),
        cut(
            "weights: half the data",
            200,
            "weight.bin: byte 64: blob 0 of 3: expected 256 bytes of data at byte 128",
        ),
        cut("weights: without the last record", 450, "weight.bin: byte"),
        put(
            "weights: of another version",
            4,
            1_u32.to_le_bytes(),
            "weight.bin: byte 4: expected storage version 2, found 1",
        ),
        put(
            "weights: no blobs",
            0,
            0_u32.to_le_bytes(),
            "weight.bin: byte 64: expected the end of the file after 0 blobs",
        ),
        put(
            "weights: four thousand million blobs",
            0,
            u32::MAX.to_le_bytes(),
            "of 4294967295: expected a record of 64 bytes, the file ends",
        ),
        put(
            "weights: no sentinel",
            RECORD,
            [0; 4],
            "weight.bin: byte 64: blob 0 of 3: expected the sentinel 0xdeadbeef, found 0x00000000",
        ),
        put(
            "weights: elements of type 0",
            RECORD + 4,
            [0; 4],
            "weight.bin: byte 64: blob 0 of 3: expected an element type from 1 to 17, found 0",
        ),
        put(
            "weights: elements of type 99",
            RECORD + 4,
            99_u32.to_le_bytes(),
            "weight.bin: byte 64: blob 0 of 3: expected an element type from 1 to 17, found 99",
        ),
        put(
            "weights: elements of half the size",
            RECORD + 4,
            3_u32.to_le_bytes(),
            "model.mlmodel: operation `const` at `gather_0_x_0` (operation 0 of function `main`): expected 128 elements of FLOAT16 [16, 8] at byte 64 of the weights, found 256 of UInt8",
        ),
        put(
            "weights: a size of 2^64 - 1",
            RECORD + 8,
            max,
            "weight.bin: byte 64: blob 0 of 3: expected 18446744073709551615 bytes of data",
        ),
        put(
            "weights: a terabyte",
            RECORD + 8,
            (1_u64 << 40).to_le_bytes(),
            "weight.bin: byte 64: blob 0 of 3: expected 1099511627776 bytes of data",
        ),
        put(
            "weights: an odd size",
            RECORD + 8,
            255_u64.to_le_bytes(),
            "are no whole number of Float16 elements",
        ),
        put(
            "weights: data at 2^64 - 1",
            RECORD + 16,
            max,
            "weight.bin: byte 64: blob 0 of 3: expected data at a multiple of 64",
        ),
        put(
            "weights: data at 2^63",
            RECORD + 16,
            (1_u64 << 63).to_le_bytes(),
            "weight.bin: byte 64: blob 0 of 3: expected data at byte 128, after the record",
        ),
        put(
            "weights: data in the header",
            RECORD + 16,
            0_u64.to_le_bytes(),
            "weight.bin: byte 64: blob 0 of 3: expected data at byte 128, after the record, found offset 0",
        ),
        put(
            "weights: more unused bits than a byte has",
            RECORD + 24,
            max,
            "256 bytes without 18446744073709551615 bits",
        ),
        put(
            "weights: NaN",
            DATA + 10,
            0x7E00_u16.to_le_bytes(),
            "model.mlmodel: operation `const` at `gather_0_x_0` (operation 0 of function `main`): expected numbers, found NaN in element 5 of [16, 8]",
        ),
        put(
            "weights: a negative NaN with all bits set",
            DATA,
            [0xFF; 2],
            "model.mlmodel: operation `const` at `gather_0_x_0` (operation 0 of function `main`): expected numbers, found NaN in element 0 of [16, 8]",
        ),
        Case {
            name: "weights: something after the end",
            files: with(WEIGHTS, |b| b.resize(b.len() + 1000, 7)),
            says: "weight.bin: byte",
        },
        Case {
            name: "weights: text",
            files: with(WEIGHTS, |b| *b = vec![b'x'; 700]),
            says: "weight.bin: byte 4: expected storage version 2",
        },
        Case {
            name: "weights: missing",
            files: {
                let mut files = crate::sound::tiny();
                files.truncate(2);
                files
            },
            says: "Data/com.apple.CoreML/weights/weight.bin: package: missing, the program of",
        },
    ]
}
