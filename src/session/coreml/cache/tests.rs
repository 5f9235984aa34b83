use super::*;

const FILES: [(&str, &[u8]); 2] = [("Manifest.json", b"{}"), ("Data/weight.bin", b"weights")];

fn key() -> Key {
    Key {
        content: content_hash(&FILES),
        system: "Version 14.5 (Build 23F79)".to_owned(),
        units: ComputeUnits::CpuAndNeuralEngine,
    }
}

#[test]
fn an_entry_is_named_after_content_system_and_units() {
    let entry = key().entry();
    let (content, rest) = entry.split_at(64);
    assert_eq!(content, key().content);
    assert!(content.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(rest, "-version-14-5-build-23f79-cpu-and-ne.mlmodelc");
}

#[test]
fn no_two_units_share_an_entry() {
    let mut entries: Vec<String> = ComputeUnits::ALL_VARIANTS
        .into_iter()
        .map(|units| Key { units, ..key() }.entry())
        .collect();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 4);
}

#[test]
fn an_entry_of_one_unit_never_supersedes_that_of_another() {
    // `-all` ends no other name, and `cpu-only` is not a tail of `cpu-and-gpu`.
    for mine in ComputeUnits::ALL_VARIANTS {
        let mine = Key {
            units: mine,
            ..key()
        };
        for units in ComputeUnits::ALL_VARIANTS {
            let other = Key {
                units,
                system: "Version 13.0 (Build 22A380)".to_owned(),
                ..key()
            };
            assert_eq!(mine.is_superseded(&other.entry()), units == mine.units);
        }
        assert!(!mine.is_superseded(&mine.entry()));
    }
    let foreign = Key {
        content: content_hash(&[]),
        ..key()
    };
    assert!(!key().is_superseded(&foreign.entry()));
    assert!(!key().is_superseded("notes.txt"));
}

#[test]
fn the_hash_covers_paths_and_bytes_but_not_their_order() {
    let base = content_hash(&FILES);
    let [first, second] = FILES;
    assert_eq!(content_hash(&[second, first]), base);
    let others: [&[(&str, &[u8])]; 6] = [
        &[first],
        &[first, ("Data/weight.bin", b"weighty")],
        &[first, ("Data/weights.bin", b"weights")],
        &[first, ("Data/weight.bin", b"")],
        &[("Manifest.json", b"weights"), ("Data/weight.bin", b"{}")],
        // The same bytes, were there no lengths between them.
        &[first, ("Data/weight.binw", b"eights")],
    ];
    let mut hashes: Vec<String> = others.iter().map(|files| content_hash(files)).collect();
    hashes.push(base);
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 7);
}

#[test]
fn the_hash_is_sha_256() {
    let expected = Sha256::digest(LAYOUT);
    assert_eq!(
        content_hash(&[])[..8],
        format!(
            "{:02x}{:02x}{:02x}{:02x}",
            expected[0], expected[1], expected[2], expected[3]
        )
    );
}

#[test]
fn a_package_is_written_as_it_is_and_stays_in_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let package = root.path().join("model.mlpackage");
    write_package(&FILES, &package).unwrap();
    assert_eq!(
        fs::read(package.join("Data/weight.bin")).unwrap(),
        b"weights"
    );
    assert_eq!(fs::read(package.join("Manifest.json")).unwrap(), b"{}");

    for path in ["../outside", "/outside", "Data/../../outside", "", "./."] {
        let error = write_package(&[(path, b"x")], &package).unwrap_err();
        assert!(matches!(error, Error::Package { .. }), "{path:?}: {error}");
    }
    assert!(!root.path().join("outside").exists());
}

#[test]
fn a_directory_is_copied_with_all_it_holds() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("from"), root.path().join("to"));
    fs::create_dir_all(from.join("weights/empty")).unwrap();
    fs::write(from.join("weights/weight.bin"), "weights").unwrap();
    fs::write(from.join("model.mil"), "program").unwrap();
    copy_dir(&from, &to).unwrap();
    assert_eq!(fs::read(to.join("weights/weight.bin")).unwrap(), b"weights");
    assert_eq!(fs::read(to.join("model.mil")).unwrap(), b"program");
    assert!(to.join("weights/empty").is_dir());
    assert!(from.exists());
}

#[test]
fn a_compiled_model_that_is_not_there_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(&ModelCache::At(root.path().to_owned()), None).unwrap();
    let missing = root.path().join("nowhere.mlmodelc");
    let result = store.load(&key(), |_| Ok(missing.clone()), |_| Ok(()));
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("nowhere.mlmodelc"), "{error}");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn an_entry_that_another_process_made_meanwhile_is_used() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(&ModelCache::At(root.path().to_owned()), None).unwrap();
    let entry = root.path().join(key().entry());
    let compile = |work: &Path| {
        fs::create_dir(&entry).unwrap();
        fs::write(entry.join("model.mil"), "theirs").unwrap();
        let ours = work.join("ours.mlmodelc");
        fs::create_dir(&ours).unwrap();
        fs::write(ours.join("model.mil"), "ours").unwrap();
        Ok(ours)
    };
    let load = |entry: &Path| Ok(fs::read_to_string(entry.join("model.mil")).unwrap());
    let (loaded, _) = store.load(&key(), compile, load).unwrap();
    assert_eq!(loaded, "theirs");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn a_relative_cache_directory_is_made_absolute() {
    let root = tempfile::tempdir_in(".").unwrap();
    let relative = PathBuf::from(root.path().file_name().unwrap());
    let store = Store::open(&ModelCache::At(relative), None).unwrap();
    assert!(store.root.is_absolute());
}
