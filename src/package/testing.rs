//! Packages built in code, right or wrong in one place.

use std::borrow::Cow;

use coreml_proto::proto::{
    ArrayFeatureType, FeatureDescription, FeatureType, Metadata, Model, ModelDescription,
    array_feature_type::ArrayDataType,
    feature_type,
    mil_spec::{self, Program},
    model,
};
use prost::Message as _;

use super::MlPackage;
use crate::error::Result;

pub(super) const MODEL: &str = "Data/com.apple.CoreML/model.mlmodel";
pub(super) const WEIGHTS: &str = "Data/com.apple.CoreML/weights/weight.bin";
pub(super) const MANIFEST_JSON: &str = r#"{
    "fileFormatVersion": "1.0.0",
    "itemInfoEntries": {
        "M": {"path": "com.apple.CoreML/model.mlmodel"},
        "W": {"path": "com.apple.CoreML/weights"}
    },
    "rootModelIdentifier": "M"
}"#;

/// An array feature.
pub(super) fn array(name: &str, dtype: ArrayDataType, shape: &[i64]) -> FeatureDescription {
    FeatureDescription {
        name: name.to_owned(),
        r#type: Some(FeatureType {
            r#type: Some(feature_type::Type::MultiArrayType(ArrayFeatureType {
                shape: shape.to_vec(),
                data_type: dtype as i32,
                ..ArrayFeatureType::default()
            })),
            ..FeatureType::default()
        }),
        ..FeatureDescription::default()
    }
}

/// The model card's description, with this metadata.
pub(super) fn description(metadata: &[(&str, &str)]) -> ModelDescription {
    ModelDescription {
        input: ["input_ids", "attention_mask", "token_type_ids"]
            .map(|name| array(name, ArrayDataType::Int32, &[1, 128]))
            .to_vec(),
        output: vec![array("logits", ArrayDataType::Float32, &[1, 5])],
        metadata: Some(Metadata {
            user_defined: metadata
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            ..Metadata::default()
        }),
        ..ModelDescription::default()
    }
}

/// A specification of this description and program.
pub(super) fn specification(description: ModelDescription, program: Program) -> Model {
    Model {
        specification_version: 7,
        description: Some(description),
        r#type: Some(model::Type::MlProgram(program)),
        ..Model::default()
    }
}

/// A value that points into a weight file.
pub(super) fn blob_value(file_name: &str, offset: u64) -> mil_spec::Value {
    mil_spec::Value {
        value: Some(mil_spec::value::Value::BlobFileValue(
            mil_spec::value::BlobFileValue {
                file_name: file_name.to_owned(),
                offset,
            },
        )),
        ..mil_spec::Value::default()
    }
}

/// A program whose function `main` holds these operations.
pub(super) fn program(operations: Vec<mil_spec::Operation>) -> Program {
    let block = mil_spec::Block {
        operations,
        outputs: vec!["logits".to_owned()],
        ..mil_spec::Block::default()
    };
    let main = mil_spec::Function {
        opset: "CoreML6".to_owned(),
        block_specializations: [("CoreML6".to_owned(), block)].into(),
        ..mil_spec::Function::default()
    };
    Program {
        version: 1,
        functions: [("main".to_owned(), main)].into(),
        ..Program::default()
    }
}

/// A `const` operation with this value.
pub(super) fn constant(value: mil_spec::Value) -> mil_spec::Operation {
    mil_spec::Operation {
        r#type: "const".to_owned(),
        attributes: [("val".to_owned(), value)].into(),
        ..mil_spec::Operation::default()
    }
}

/// A blob as it goes into a weight file.
pub(super) struct RawBlob {
    pub(super) dtype: u32,
    pub(super) padding_bits: u64,
    pub(super) data: Vec<u8>,
}

impl RawBlob {
    pub(super) fn new(dtype: u32, data: impl Into<Vec<u8>>) -> Self {
        Self {
            dtype,
            padding_bits: 0,
            data: data.into(),
        }
    }
}

/// A weight file of these blobs, laid out as MILBlob does.
pub(super) fn weight_file(blobs: &[RawBlob]) -> Vec<u8> {
    fn align(bytes: &mut Vec<u8>) {
        bytes.resize(bytes.len().next_multiple_of(64), 0);
    }
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(blobs.len()).unwrap().to_le_bytes());
    bytes.extend(2_u32.to_le_bytes());
    for blob in blobs {
        align(&mut bytes);
        let data_offset = bytes.len() as u64 + 64;
        bytes.extend(0xDEAD_BEEF_u32.to_le_bytes());
        bytes.extend(blob.dtype.to_le_bytes());
        bytes.extend((blob.data.len() as u64).to_le_bytes());
        bytes.extend(data_offset.to_le_bytes());
        bytes.extend(blob.padding_bits.to_le_bytes());
        align(&mut bytes);
        bytes.extend(&blob.data);
    }
    if blobs.is_empty() {
        align(&mut bytes);
    }
    bytes
}

/// Files of a package with this specification and weight file.
pub(super) fn files(model: &Model, weights: Vec<u8>) -> Vec<(&'static str, Cow<'static, [u8]>)> {
    vec![
        ("Manifest.json", MANIFEST_JSON.as_bytes().into()),
        (MODEL, model.encode_to_vec().into()),
        (WEIGHTS, weights.into()),
    ]
}

/// A package with this specification and weight file.
pub(super) fn package(model: &Model, weights: Vec<u8>) -> Result<MlPackage> {
    MlPackage::from_files(files(model, weights))
}
