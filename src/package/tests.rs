//! What is said of whole packages.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use coreml_proto::proto::mil_spec::value::{BlobFileValue, Value as MilValue};
use proptest::prelude::*;

use super::testing::{
    MANIFEST_JSON, MODEL, RawBlob, WEIGHTS, blob_value, constant, description, files, package,
    program, specification, weight_file,
};
use super::*;
use crate::{Error, Result, Section};

const MANIFEST: &str = "Manifest.json";

/// A package that coremltools 9.0 wrote.
fn tiny() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/packages/tiny.mlpackage")
}

/// Its files.
fn tiny_files() -> Vec<(&'static str, Vec<u8>)> {
    [MANIFEST, MODEL, WEIGHTS]
        .map(|path| (path, fs::read(tiny().join(path)).unwrap()))
        .to_vec()
}

/// The blob references of a package's constants, in the order of the program.
fn references(package: &MlPackage) -> Vec<&BlobFileValue> {
    package
        .program()
        .functions
        .values()
        .flat_map(|function| function.block_specializations.values())
        .flat_map(|block| &block.operations)
        .flat_map(|operation| operation.attributes.values())
        .filter_map(|value| match &value.value {
            Some(MilValue::BlobFileValue(reference)) => Some(reference),
            _ => None,
        })
        .collect()
}

/// A package of the model card's description with one blob.
fn sound() -> Vec<(&'static str, Cow<'static, [u8]>)> {
    let program = program(vec![constant(blob_value(
        "@model_path/weights/weight.bin",
        64,
    ))]);
    files(
        &specification(description(&[]), program),
        weight_file(&[RawBlob::new(1, *b"abcdef")]),
    )
}

/// Writes files into a directory.
fn write(directory: &Path, files: &[(&str, Cow<'static, [u8]>)]) {
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
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

    let blobs: Vec<_> = references(&package)
        .into_iter()
        .map(|reference| package.blob(reference).unwrap())
        .map(|blob| (blob.dtype, blob.len, blob.data.len()))
        .collect();
    assert_eq!(
        blobs,
        [16 * 8, 2 * 8, 5 * 8].map(|len| (BlobType::Float16, len, 2 * len))
    );
}

#[test]
fn a_package_is_the_same_from_disk_and_from_memory() {
    let from_disk = MlPackage::open(tiny()).unwrap();
    let from_memory = MlPackage::from_files(tiny_files()).unwrap();
    assert_eq!(from_disk.path(), Some(tiny().as_path()));
    assert_eq!(from_memory.path(), None);
    assert_eq!(from_disk.spec(), from_memory.spec());
    assert_eq!(from_disk.program(), from_memory.program());
    assert!(from_disk.files().eq(from_memory.files()));
}

#[test]
fn borrowed_files_are_not_copied() {
    let weights: &'static [u8] = weight_file(&[RawBlob::new(1, *b"abcdef")]).leak();
    let mut files = sound();
    files[2].1 = Cow::Borrowed(weights);
    let package = MlPackage::from_files(files).unwrap();
    let (_, read) = package.files().find(|(path, _)| *path == WEIGHTS).unwrap();
    assert!(std::ptr::eq(read, weights));
    let blob = package.blob(references(&package)[0]).unwrap();
    assert!(std::ptr::eq(blob.data, &weights[128..134]));
}

#[test]
fn clones_share_the_files() {
    let package = MlPackage::from_files(sound()).unwrap();
    let clone = package.clone();
    for ((_, bytes), (_, cloned)) in package.files().zip(clone.files()) {
        assert!(std::ptr::eq(bytes, cloned));
    }
}

#[test]
fn packages_are_sent_and_shared_between_threads() {
    fn assert_send_sync<T: Send + Sync + 'static>() {}
    assert_send_sync::<MlPackage>();
}

#[test]
fn debug_shows_no_bytes() {
    let shown = format!("{:?}", MlPackage::from_files(sound()).unwrap());
    assert!(shown.contains("weight.bin: 134 bytes"), "{shown}");
    assert!(shown.len() < 1500, "{shown}");
}

#[test]
fn files_that_no_item_covers_are_left_out() {
    let expected = [MODEL, WEIGHTS, MANIFEST];

    let mut files = sound();
    for path in [
        "README.md",
        "Data/com.apple.CoreML/notes.txt",
        "Data/com.apple.CoreML/weights/.DS_Store",
        "Data/com.apple.CoreML/weights-old/weight.bin",
    ] {
        files.push((path, b"?"[..].into()));
    }
    let package = MlPackage::from_files(files.clone()).unwrap();
    assert!(package.files().map(|(path, _)| path).eq(expected));

    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &files);
    let package = MlPackage::open(directory.path()).unwrap();
    assert!(package.files().map(|(path, _)| path).eq(expected));
}

#[test]
fn each_missing_file_is_named() {
    for (missing, expected) in [
        (MANIFEST, "Manifest.json: package: missing".to_owned()),
        (
            MODEL,
            format!("{MODEL}: package: missing, the manifest names it as the root model"),
        ),
        (
            WEIGHTS,
            format!("{WEIGHTS}: package: missing, the program of {MODEL} reads it"),
        ),
    ] {
        let mut files = sound();
        files.retain(|(path, _)| *path != missing);
        let error = MlPackage::from_files(files.clone()).unwrap_err();
        assert_eq!(error.to_string(), expected);

        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &files);
        let error = MlPackage::open(directory.path()).unwrap_err();
        if missing == MANIFEST {
            let Error::Io { path, source } = error else {
                panic!("{error}");
            };
            assert_eq!(path, directory.path().join(MANIFEST));
            assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        } else {
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn what_is_no_directory_is_an_io_error() {
    for path in [tiny().join(MANIFEST), tiny().join("none")] {
        let error = MlPackage::open(&path).unwrap_err();
        assert!(
            matches!(&error, Error::Io { path: at, .. } if *at == path),
            "{error}"
        );
    }
}

#[test]
fn paths_from_memory_stay_inside_and_are_unique() {
    for path in ["../x", "/x", "Data\\x", "C:x", "", "Data/../../x"] {
        let mut files = sound();
        files.push((path, Cow::Borrowed(b"")));
        let error = MlPackage::from_files(files).unwrap_err();
        assert!(matches!(error, Error::Package { .. }), "{path}: {error}");
    }
    let mut files = sound();
    files.push((WEIGHTS, Cow::Borrowed(b"")));
    assert_eq!(
        MlPackage::from_files(files).unwrap_err().to_string(),
        format!("{WEIGHTS}: path: given twice")
    );
}

#[test]
fn a_root_model_that_is_a_directory_is_an_error() {
    let mut files = sound();
    let manifest = MANIFEST_JSON.replace(
        r#""rootModelIdentifier": "M""#,
        r#""rootModelIdentifier": "W""#,
    );
    files[0].1 = manifest.into_bytes().into();
    assert_eq!(
        MlPackage::from_files(files).unwrap_err().to_string(),
        "Data/com.apple.CoreML/weights: package: missing, the manifest names it as the root model"
    );
}

#[test]
fn a_program_without_blobs_needs_no_weights() {
    let model = specification(description(&[]), program(vec![]));
    let mut files = files(&model, Vec::new());
    files.truncate(2);
    assert!(MlPackage::from_files(files).is_ok());
    // A weight file that the program does not read may be anything.
    assert!(package(&model, b"?".to_vec()).is_ok());
}

/// The three files of a genuine package, each cut at every byte.
#[test]
fn every_cut_of_every_file_is_an_error() {
    for (index, (cut, whole)) in tiny_files().into_iter().enumerate() {
        // The manifest ends with a line break, without which it is whole too.
        let length = match cut {
            MANIFEST => whole.trim_ascii_end().len(),
            _ => whole.len(),
        };
        for end in 0..length {
            let mut files = tiny_files();
            files[index].1.truncate(end);
            let error = MlPackage::from_files(files).unwrap_err().to_string();
            assert!(error.starts_with(cut), "{cut} cut at {end}: {error}");
        }
    }
}

/// Opens a package and reads all that its program refers to.
fn read_all(files: Vec<(&'static str, Vec<u8>)>) -> Result<()> {
    let package = MlPackage::from_files(files)?;
    for reference in references(&package) {
        let blob = package.blob(reference)?;
        let bits = blob.len * usize::from(blob.dtype.bits());
        assert_eq!(bits.div_ceil(8), blob.data.len());
    }
    Ok(())
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        file in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut files = tiny_files();
        for (position, value) in changes {
            let bytes = &mut files[file].1;
            let position = position.index(bytes.len());
            bytes[position] = value;
        }
        let _ = read_all(files);
    }

    #[test]
    fn inserted_and_removed_bytes_never_panic(
        file in 0..3_usize,
        at in any::<prop::sample::Index>(),
        removed in 0..80_usize,
        inserted in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut files = tiny_files();
        let bytes = &mut files[file].1;
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + removed);
        bytes.splice(at..end, inserted);
        let _ = read_all(files);
    }

    #[test]
    fn foreign_bytes_are_errors(
        file in 0..3_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let mut files = tiny_files();
        files[file].1 = bytes;
        prop_assert!(read_all(files).is_err());
    }

    /// Every field of a record, set to anything, in a file that is otherwise sound.
    #[test]
    fn records_of_any_content_never_panic(
        count in any::<u32>(),
        dtype in 0..20_u32,
        numbers in prop::array::uniform3(prop_oneof![0..400_u64, any::<u64>()]),
    ) {
        let mut files = tiny_files();
        let weights = &mut files[2].1;
        weights[..4].copy_from_slice(&count.to_le_bytes());
        weights[68..72].copy_from_slice(&dtype.to_le_bytes());
        for (field, number) in weights[72..96].chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_le_bytes());
        }
        let _ = read_all(files);
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A sound package in a directory, and a directory beside it.
    fn layout() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let (package, outside) = (
            directory.path().join("model.mlpackage"),
            directory.path().join("outside"),
        );
        write(&package, &sound());
        write(&outside, &sound());
        (directory, package, outside)
    }

    #[test]
    fn links_that_lead_outside_are_refused() {
        for path in [
            MANIFEST,
            MODEL,
            WEIGHTS,
            "Data/com.apple.CoreML/weights",
            "Data",
        ] {
            let (_directory, package, outside) = layout();
            let link = package.join(path);
            if link.is_dir() {
                fs::remove_dir_all(&link).unwrap();
            } else {
                fs::remove_file(&link).unwrap();
            }
            symlink(outside.join(path), &link).unwrap();
            let error = MlPackage::open(&package).unwrap_err().to_string();
            assert!(
                error.contains("package: a link leads outside the package"),
                "{path}: {error}"
            );
        }
    }

    #[test]
    fn links_inside_the_package_and_to_it_are_followed() {
        let (directory, package, _) = layout();
        let moved = package.join("Data/com.apple.CoreML/weights/moved.bin");
        fs::rename(package.join(WEIGHTS), &moved).unwrap();
        symlink("moved.bin", package.join(WEIGHTS)).unwrap();
        let linked = directory.path().join("linked.mlpackage");
        symlink(&package, &linked).unwrap();
        let package = MlPackage::open(&linked).unwrap();
        assert_eq!(package.path(), Some(linked.as_path()));
        assert!(package.files().any(|(path, _)| path == WEIGHTS));
    }

    #[test]
    fn links_that_lead_nowhere_are_io_errors() {
        let (_directory, package, _) = layout();
        let link = package.join(WEIGHTS);
        fs::remove_file(&link).unwrap();
        symlink(package.join("none"), &link).unwrap();
        let error = MlPackage::open(&package).unwrap_err();
        assert!(
            matches!(&error, Error::Io { path, .. } if *path == link),
            "{error}"
        );
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let (_directory, package, _) = layout();
        symlink(
            package.join("Data/com.apple.CoreML/weights"),
            package.join("Data/com.apple.CoreML/weights/again"),
        )
        .unwrap();
        let error = MlPackage::open(&package).unwrap_err().to_string();
        assert!(error.contains("nested deeper than 8"), "{error}");
    }

    #[test]
    fn directories_that_multiply_through_links_are_an_error() {
        let (_directory, package, _) = layout();
        let weights = package.join("Data/com.apple.CoreML/weights");
        // Ten ways down each of five steps: a hundred thousand directories without a file.
        for step in 0..5 {
            let here = weights.join(format!("step{step}"));
            fs::create_dir(&here).unwrap();
            for way in 0..10 {
                let next = weights.join(format!("step{}", step + 1));
                symlink(next, here.join(format!("way{way}"))).unwrap();
            }
        }
        fs::create_dir(weights.join("step5")).unwrap();
        let error = MlPackage::open(&package).unwrap_err().to_string();
        assert!(error.contains("expected at most 1024 entries"), "{error}");
    }

    #[test]
    fn what_is_neither_file_nor_directory_is_an_error() {
        let (_directory, package, _) = layout();
        let socket = package.join("Data/com.apple.CoreML/weights/socket");
        let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
        let error = MlPackage::open(&package).unwrap_err().to_string();
        assert!(error.ends_with("neither a file nor a directory"), "{error}");
    }
}

/// A file whose size is a claim: terabytes that take no room on the disk.
#[test]
fn a_package_of_terabytes_is_refused_unread() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &sound());
    let weights = fs::File::options()
        .write(true)
        .open(directory.path().join(WEIGHTS))
        .unwrap();
    if weights.set_len(1 << 40).is_err() {
        // A file system without sparse files has no such file.
        return;
    }
    let error = MlPackage::open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("the package is larger than"), "{error}");
}
