//! What is said of whole packages.

use std::path::PathBuf;

use coreml_proto::proto::mil_spec::value::Value as MilValue;

use super::*;
use crate::Section;

/// A package that coremltools 9.0 wrote.
fn tiny() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/packages/tiny.mlpackage")
}

#[test]
fn a_genuine_package_yields_its_spec_and_blobs() {
    let package = MlPackage::open(tiny()).unwrap();
    let spec = package.spec();
    assert_eq!(spec.max_seq_len, 8);
    assert_eq!(spec.labels, Section::ALL);
    assert_eq!(
        spec.label_source,
        LabelSource::Metadata("labels".to_owned())
    );
    assert_eq!(spec.outputs[0].dtype, TensorType::Float32);

    let block = &package.program().functions["main"].block_specializations["CoreML6"];
    let blobs: Vec<_> = block
        .operations
        .iter()
        .filter_map(|operation| match &operation.attributes.get("val")?.value {
            Some(MilValue::BlobFileValue(reference)) => Some(package.blob(reference).unwrap()),
            _ => None,
        })
        .map(|blob| (blob.dtype, blob.len, blob.data.len()))
        .collect();
    assert_eq!(
        blobs,
        [16 * 8, 2 * 8, 5 * 8].map(|len| (BlobType::Float16, len, 2 * len))
    );
}
