//! The package reader: whatever the files hold, a package or an error that names file and place.

use std::borrow::Cow;

use vacancy_sections::{Error, MlPackage, PortableSession, Section};

use super::bytes::Bytes;

const MANIFEST: &str = "Manifest.json";
const MODEL: &str = "Data/com.apple.CoreML/model.mlmodel";
const WEIGHTS: &str = "Data/com.apple.CoreML/weights/weight.bin";

macro_rules! tiny {
    ($path:literal) => {
        include_bytes!(concat!("../../tests/data/packages/tiny.mlpackage/", $path)).as_slice()
    };
}

/// The first byte says which file of a sound package the rest stands for; 3: all three, with two
/// lengths in front.
pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mut manifest = tiny!("Manifest.json");
    let mut model = tiny!("Data/com.apple.CoreML/model.mlmodel");
    let mut weights = tiny!("Data/com.apple.CoreML/weights/weight.bin");
    match bytes.byte() % 4 {
        0 => manifest = bytes.rest(),
        1 => model = bytes.rest(),
        2 => weights = bytes.rest(),
        _ => {
            let (first, second) = (bytes.short(), bytes.short());
            manifest = bytes.take(first);
            model = bytes.take(second);
            weights = bytes.rest();
        }
    }
    let files = [(MANIFEST, manifest), (MODEL, model), (WEIGHTS, weights)]
        .map(|(path, bytes)| (path, Cow::Owned(bytes.to_vec())));
    let package = match MlPackage::from_files(files) {
        Ok(package) => package,
        Err(error) => return names_its_place(&error),
    };
    let spec = package.spec();
    for section in Section::ALL {
        assert!(spec.labels.contains(&section), "{:?}", spec.labels);
    }
    assert!(
        (1..=1 << 15).contains(&spec.max_seq_len),
        "{}",
        spec.max_seq_len
    );
    assert!(
        package
            .files()
            .all(|(path, _)| !path.contains("..") && !path.starts_with('/'))
    );
    if let Err(error) = PortableSession::new(&package) {
        names_its_place(&error);
    }
}

/// An error of a damaged package says where it is, in a message that can be shown.
pub fn names_its_place(error: &Error) {
    let (where_, what) = match error {
        Error::Package {
            file,
            place,
            reason,
        } => {
            assert!(!file.is_empty());
            (place, reason)
        }
        Error::Mismatch {
            file, what, found, ..
        } => {
            assert!(!file.is_empty());
            (what, found)
        }
        Error::Op {
            file,
            place,
            reason,
            ..
        }
        | Error::UnsupportedOp {
            file,
            place,
            reason,
            ..
        } => {
            assert!(!file.is_empty());
            (place, reason)
        }
        other => panic!("{other}"),
    };
    assert!(!where_.is_empty() && !what.is_empty(), "{error}");
    let message = error.to_string();
    assert!(message.len() < 2000, "{} bytes: {message}", message.len());
    assert!(!message.contains(char::is_control), "{message:?}");
}
