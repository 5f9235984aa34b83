//! `model.mlmodel` as a protobuf message.

use coreml_proto::proto::{NeuralNetwork, model};
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::sound::{Case, Files, MODEL, with, with_model};

fn bytes(name: &'static str, change: impl FnOnce(&mut Vec<u8>), says: &'static str) -> Case {
    Case {
        name,
        files: with(MODEL, change),
        says,
    }
}

fn field(number: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(payload.len() as u64, &mut bytes);
    bytes.extend(payload);
    bytes
}

/// Messages in a block of the function `main`.
fn in_block(payload: &[u8]) -> Files {
    let entry = |value: &[u8]| [field(1, b"main"), field(2, value)].concat();
    let function = field(3, &entry(payload));
    let program = field(2, &entry(&function));
    with(MODEL, |bytes| *bytes = field(502, &program))
}

pub fn cases() -> Vec<Case> {
    let decode = "model.mlmodel: specification: not a CoreML model specification: ";
    let dense = "model.mlmodel: specification: expected at most";
    let nested = (0..200).fold(Vec::new(), |inner, _| field(3, &field(4, &inner)));
    vec![
        bytes("specification: empty", Vec::clear, decode),
        bytes(
            "specification: text",
            |b| *b = b"{\"a\": 1}".to_vec(),
            decode,
        ),
        bytes(
            "specification: another protocol",
            |b| *b = field(1, b"abc"),
            decode,
        ),
        bytes(
            "specification: a length beyond the end",
            |b| b.extend([0x12, 0x7f]),
            decode,
        ),
        bytes(
            "specification: a length of 2^63",
            |b| {
                b.push(0x12);
                encode_varint(1 << 63, b);
            },
            decode,
        ),
        bytes(
            "specification: a number without end",
            |b| b.extend([0xff; 12]),
            decode,
        ),
        bytes(
            "specification: a group without end",
            |b| b.push(0x0b),
            decode,
        ),
        bytes(
            "specification: cut in the middle",
            |b| b.truncate(b.len() / 2),
            decode,
        ),
        bytes(
            "specification: larger than any",
            |b| b.resize((4 << 20) + 1, 0),
            "model.mlmodel: size: expected at most 4194304 bytes",
        ),
        Case {
            name: "specification: messages in messages",
            files: in_block(&nested),
            says: "recursion limit",
        },
        Case {
            name: "specification: a million empty operations",
            files: in_block(&field(3, b"").repeat(1_000_000)),
            says: dense,
        },
        Case {
            name: "specification: a million empty names",
            files: in_block(&field(2, b"").repeat(1_000_000)),
            says: dense,
        },
        Case {
            name: "specification: a hundred thousand inputs",
            files: in_block(&field(1, &field(1, b"")).repeat(100_000)),
            says: dense,
        },
        Case {
            name: "specification: a neural network",
            files: with_model(|m| {
                m.r#type = Some(model::Type::NeuralNetwork(NeuralNetwork::default()))
            }),
            says: "model.mlmodel: model type: expected an ML Program, found a neural network",
        },
        bytes(
            "specification: two kinds of model",
            |b| b.extend(field(500, b"")),
            "model.mlmodel: model type: expected an ML Program, found a neural network",
        ),
        Case {
            name: "specification: no kind of model",
            files: with_model(|m| m.r#type = None),
            says: "specification: not a CoreML model specification: it holds no model",
        },
        Case {
            name: "specification: no description",
            files: with_model(|m| m.description = None),
            says: "model.mlmodel: description: missing",
        },
    ]
}
