use std::fs;

use super::super::double::{Double, Fault, Scripted, features, files, spec};
use super::super::engine::{ElementType, Failure};
use super::super::options::{ComputeUnits, ModelCache, Probe};
use super::*;

fn options(root: &Path) -> CoreMlOptions {
    CoreMlOptions::default().with_cache(ModelCache::At(root.to_owned()))
}

fn reference() -> Runner<Double> {
    Runner::new(Double::sound(), features(), &spec(), Some(100))
}

fn open(framework: &Scripted, options: &CoreMlOptions) -> Result<Runner<Double>> {
    package(
        framework,
        &files(),
        &spec(),
        options,
        Some(&reference()),
        None,
    )
}

/// Entries of a cache, without what is being worked on.
fn entries(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_package_is_compiled_once() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::sound();
    let first = open(&framework, &options(root.path())).unwrap();
    assert!(
        first.backend().reason.contains("compiled now"),
        "{}",
        first.backend()
    );
    assert!(
        first
            .backend()
            .reason
            .contains("agree with the reference within 0.0000")
    );
    let second = open(&framework, &options(root.path())).unwrap();
    assert!(
        second.backend().reason.contains("from the cache"),
        "{}",
        second.backend()
    );
    assert_eq!(framework.compilations(), 1);
    assert_eq!(framework.loads(), 2);
    assert_eq!(entries(root.path()).len(), 1, "{:?}", entries(root.path()));
}

#[test]
fn the_compiler_sees_the_package_byte_for_byte() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::sound();
    open(&framework, &options(root.path())).unwrap();
    let seen = framework.compiled_files();
    let expected: Vec<(String, Vec<u8>)> = files()
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn no_two_compilations_share_a_name() {
    let framework = Scripted::sound();
    for _ in 0..2 {
        let root = tempfile::tempdir().unwrap();
        open(&framework, &options(root.path())).unwrap();
    }
    let [first, second] = framework.package_names().try_into().unwrap();
    assert_ne!(first, second);
}

#[test]
fn content_system_and_units_each_make_an_entry_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::sound();
    open(&framework, &options(root.path())).unwrap();

    let cpu = options(root.path()).with_compute_units(ComputeUnits::CpuOnly);
    let session = open(&framework, &cpu).unwrap();
    assert!(session.backend().reason.contains("compute units CPU_ONLY"));
    assert_eq!(framework.compilations(), 2);

    let mut other = files();
    other[1].1 = b"other weights";
    package(
        &framework,
        &other,
        &spec(),
        &options(root.path()),
        None,
        None,
    )
    .unwrap();
    assert_eq!(framework.compilations(), 3);
    assert_eq!(entries(root.path()).len(), 3);
}

#[test]
fn a_new_build_of_the_system_replaces_the_entries_of_the_old_one() {
    let root = tempfile::tempdir().unwrap();
    let old = Scripted::sound().on("Version 14.5 (Build 23F79)");
    open(&old, &options(root.path())).unwrap();
    let cpu = options(root.path()).with_compute_units(ComputeUnits::CpuOnly);
    open(&old, &cpu).unwrap();

    let new = Scripted::sound().on("Version 14.6 (Build 23G80)");
    open(&new, &options(root.path())).unwrap();
    assert_eq!(new.compilations(), 1);
    let left = entries(root.path());
    // The other compute units' entry is somebody else's to replace.
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left.iter()
            .any(|name| name.ends_with("-version-14-6-build-23g80-all.mlmodelc"))
    );
    assert!(
        left.iter()
            .any(|name| name.ends_with("-version-14-5-build-23f79-cpu-only.mlmodelc"))
    );
}

#[test]
fn a_broken_entry_is_rebuilt_once() {
    let root = tempfile::tempdir().unwrap();
    open(&Scripted::sound(), &options(root.path())).unwrap();
    let [entry] = entries(root.path()).try_into().unwrap();
    fs::remove_file(root.path().join(&entry).join("model.mil")).unwrap();

    let framework = Scripted::sound();
    let session = open(&framework, &options(root.path())).unwrap();
    assert_eq!(framework.compilations(), 1);
    assert!(
        session
            .backend()
            .reason
            .contains("the cached copy was broken"),
        "{}",
        session.backend()
    );
    assert_eq!(entries(root.path()), [entry]);

    let again = Scripted::sound();
    open(&again, &options(root.path())).unwrap();
    assert_eq!(again.compilations(), 0);
}

#[test]
fn an_entry_that_loads_but_computes_nonsense_is_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    open(&Scripted::sound(), &options(root.path())).unwrap();
    let framework = Scripted::sound().first_load_gives(Double::with(Fault::IgnoresIds));
    let session = open(&framework, &options(root.path())).unwrap();
    assert_eq!(framework.compilations(), 1);
    assert!(
        session.backend().reason.contains("probe: sequence 0"),
        "{}",
        session.backend()
    );
}

#[test]
fn a_file_in_the_place_of_an_entry_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    open(&Scripted::sound(), &options(root.path())).unwrap();
    let [entry] = entries(root.path()).try_into().unwrap();
    fs::remove_dir_all(root.path().join(&entry)).unwrap();
    fs::write(root.path().join(&entry), "not a model").unwrap();
    let framework = Scripted::sound();
    open(&framework, &options(root.path())).unwrap();
    assert_eq!(framework.compilations(), 1);
    assert!(root.path().join(&entry).is_dir());
}

#[test]
fn a_model_that_never_works_is_an_error_and_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::always(Double::with(Fault::IgnoresIds));
    let error = open(&framework, &options(root.path()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("CoreML gave"), "{error}");
    assert!(error.contains("the reference (CoreML) gave"), "{error}");
    assert_eq!(framework.compilations(), 1);
    assert_eq!(entries(root.path()), Vec::<String>::new());
}

#[test]
fn a_failed_rebuild_tells_both_failures() {
    let root = tempfile::tempdir().unwrap();
    open(&Scripted::sound(), &options(root.path())).unwrap();
    let [entry] = entries(root.path()).try_into().unwrap();
    fs::remove_file(root.path().join(&entry).join("model.mil")).unwrap();
    let framework = Scripted::always(Double::with(Fault::Missing));
    let error = open(&framework, &options(root.path()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("found none"), "{error}");
    assert!(
        error.contains("the cached copy had failed before: CoreML: loading"),
        "{error}"
    );
}

#[test]
fn failures_to_compile_and_to_load_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let failure = || Failure::Error {
        domain: "com.apple.CoreML".to_owned(),
        code: 0,
        description: "Unable to parse.".to_owned(),
    };
    let compile = Scripted::sound().failing_to_compile(failure());
    let error = open(&compile, &options(root.path()))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "CoreML: compiling the package: Unable to parse. (com.apple.CoreML 0)"
    );
    let load = Scripted::sound().failing_to_load(failure());
    let error = open(&load, &options(root.path())).unwrap_err().to_string();
    assert_eq!(
        error,
        "CoreML: loading the compiled model: Unable to parse. (com.apple.CoreML 0)"
    );
    assert_eq!(entries(root.path()), Vec::<String>::new());
}

#[test]
fn a_description_unlike_the_package_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::always(Double::sound().described(|description| {
        description.inputs[0].array = Some((ElementType::Float32, vec![1, 8]));
    }));
    let error = open(&framework, &options(root.path())).unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    assert!(
        error.to_string().contains("expected int32, found float32"),
        "{error}"
    );
}

#[test]
fn without_a_cache_nothing_is_left() {
    let framework = Scripted::sound();
    let off = CoreMlOptions::default().with_cache(ModelCache::Off);
    let session = open(&framework, &off).unwrap();
    let entry = framework.last_loaded();
    assert!(entry.exists(), "the files must outlive the model");
    drop(session);
    assert!(!entry.exists());
    assert!(!entry.parent().unwrap().exists());
}

#[test]
fn a_user_without_a_cache_directory_is_served_and_told() {
    let framework = Scripted::sound();
    let session = package(
        &framework,
        &files(),
        &spec(),
        &CoreMlOptions::default(),
        None,
        None,
    )
    .unwrap();
    assert!(
        session
            .backend()
            .reason
            .contains("no cache: the user has no home"),
        "{}",
        session.backend()
    );

    let file = tempfile::NamedTempFile::new().unwrap();
    let below_a_file = file.path().join("caches");
    let session = package(
        &framework,
        &files(),
        &spec(),
        &CoreMlOptions::default(),
        None,
        Some(&below_a_file),
    )
    .unwrap();
    assert!(
        session.backend().reason.contains("no cache: "),
        "{}",
        session.backend()
    );

    let error = open(&framework, &options(&below_a_file)).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn the_default_cache_is_the_one_of_the_user() {
    let root = tempfile::tempdir().unwrap();
    let caches = root.path().join("Library/Caches/vacancy-sections");
    let framework = Scripted::sound();
    for _ in 0..2 {
        package(
            &framework,
            &files(),
            &spec(),
            &CoreMlOptions::default(),
            None,
            Some(&caches),
        )
        .unwrap();
    }
    assert_eq!(framework.compilations(), 1);
    assert_eq!(entries(&caches).len(), 1);
}

#[test]
fn many_at_once_end_with_one_entry() {
    let root = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let session = open(&Scripted::sound(), &options(root.path())).unwrap();
                assert_eq!(session.max_seq_len(), 8);
            });
        }
    });
    assert_eq!(entries(root.path()).len(), 1, "{:?}", entries(root.path()));
}

#[test]
fn switching_the_probe_off_is_visible() {
    let root = tempfile::tempdir().unwrap();
    let framework = Scripted::always(Double::with(Fault::IgnoresIds));
    let session = open(&framework, &options(root.path()).with_probe(Probe::Off)).unwrap();
    assert!(
        session.backend().reason.contains("not probed"),
        "{}",
        session.backend()
    );
    assert_eq!(framework.predictions(), 0);
}

#[test]
fn without_a_reference_the_ids_must_still_matter() {
    let root = tempfile::tempdir().unwrap();
    let garbled = Scripted::always(Double::with(Fault::IgnoresIds));
    let error = package(
        &garbled,
        &files(),
        &spec(),
        &options(root.path()),
        None,
        None,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("depend on the token ids"),
        "{error}"
    );
    let session = package(
        &Scripted::sound(),
        &files(),
        &spec(),
        &options(root.path()),
        None,
        None,
    );
    let backend = session.unwrap().backend();
    assert!(
        backend.reason.contains("no reference to compare with"),
        "{backend}"
    );
}

#[test]
fn a_compiled_model_brings_its_own_contract() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("model.mlmodelc");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("model.mil"), "program").unwrap();
    let framework = Scripted::sound();
    let session = compiled(&framework, &path, &CoreMlOptions::default(), None).unwrap();
    assert_eq!(session.max_seq_len(), 8);
    assert_eq!(session.labels(), spec().labels);
    assert!(session.backend().reason.contains("compiled model as given"));
    assert_eq!(framework.compilations(), 0);
    drop(session);
    assert!(path.exists(), "the caller's model is not ours to remove");
}

#[test]
fn a_missing_compiled_model_is_named() {
    let error = compiled(
        &Scripted::sound(),
        Path::new("missing.mlmodelc"),
        &CoreMlOptions::default(),
        None,
    )
    .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert!(error.to_string().contains("missing.mlmodelc"), "{error}");
}
