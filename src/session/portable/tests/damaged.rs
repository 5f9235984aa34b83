//! Real programs with errors in them: refused or run, never a panic.

use std::path::PathBuf;
use std::sync::LazyLock;

use coreml_proto::proto::mil_spec::Program;
use proptest::prelude::*;
use prost::Message as _;

use crate::package::MlPackage;
use crate::session::portable::tensor::{Dense, Tensor};
use crate::session::portable::{interpreter, lower};

/// Packages with their programs as bytes.
static PROGRAMS: LazyLock<Vec<(MlPackage, Vec<u8>)>> = LazyLock::new(|| {
    ["mil_ops", "bert_eager", "bert_compressed"]
        .into_iter()
        .map(|name| {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("tests/data/packages")
                .join(format!("{name}.mlpackage"));
            let package = MlPackage::open(path).unwrap();
            let bytes = package.program().encode_to_vec();
            (package, bytes)
        })
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_byte_is_no_panic(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (package, bytes) = &PROGRAMS[which];
        let mut bytes = bytes.clone();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(program) = Program::decode(&bytes[..])
            && let Ok(graph) = lower::lower(
                "model.mlmodel",
                &program,
                "logits",
                lower::Limits::of_package(1 << 16),
                &|at| package.blob(at),
            )
        {
            let row = Tensor::Int(Dense::new([1, 128], vec![1; 128]).unwrap());
            let names = ["input_ids", "attention_mask", "token_type_ids"];
            let _ = interpreter::run(&graph, &names.map(|name| (name, &row)));
        }
    }
}
