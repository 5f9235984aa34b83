//! From files to a session that may be trusted.

use std::path::Path;

use super::cache::{Key, Origin, Store, content_hash, write_package};
use super::describe;
use super::engine::{Description, Engine, Features, Framework};
use super::options::CoreMlOptions;
use super::probe;
use super::runner::Runner;
use super::scratch::unique_name;
use crate::error::{Error, Result};
use crate::package::ModelSpec;
use crate::session::Session;

/// Compiles a package, or takes its compiled form from the cache, and loads it.
///
/// The compiled model is made from the very bytes that `spec` was read from and that name the cache
/// entry; a package that changes on disk in between cannot slip in.
pub(super) fn package<F: Framework>(
    framework: &F,
    files: &[(&str, &[u8])],
    spec: &ModelSpec,
    options: &CoreMlOptions,
    reference: Option<&dyn Session>,
    user_caches: Option<&Path>,
) -> Result<Runner<F::Engine>> {
    let store = Store::open(&options.cache, user_caches)?;
    let key = Key {
        content: content_hash(files),
        system: framework.system_version(),
        units: options.compute_units,
    };
    let compile = |work: &Path| {
        // CoreML names its temporary result after the package, and others may be compiling as well.
        let package = work.join(format!("{}.mlpackage", unique_name()));
        write_package(files, &package)?;
        framework
            .compile(&package)
            .map_err(|failure| failure.during("compiling the package"))
    };
    let load = |compiled: &Path| {
        let engine = load(framework, compiled, options)?;
        let features = describe::check(&description(&engine)?, spec)?;
        probed(engine, features, spec, options, reference)
    };
    let ((runner, probe), origin) = store.load(&key, compile, load)?;
    Ok(runner
        .described(options.compute_units, &[origin.to_string(), probe])
        .keeping(store.into_scratch()))
}

/// Loads a `.mlmodelc`, which is its own description.
pub(super) fn compiled<F: Framework>(
    framework: &F,
    path: &Path,
    options: &CoreMlOptions,
    reference: Option<&dyn Session>,
) -> Result<Runner<F::Engine>> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    // CoreML's own error for a missing file does not name it.
    std::fs::metadata(path).map_err(io)?;
    let path = std::path::absolute(path).map_err(io)?;
    let engine = load(framework, &path, options)?;
    let description = description(&engine)?;
    let spec = describe::spec(&description)?;
    let features = describe::check(&description, &spec)?;
    let (runner, probe) = probed(engine, features, &spec, options, reference)?;
    Ok(runner.described(options.compute_units, &[Origin::Given.to_string(), probe]))
}

fn load<F: Framework>(
    framework: &F,
    compiled: &Path,
    options: &CoreMlOptions,
) -> Result<F::Engine> {
    framework
        .load(compiled, options.compute_units)
        .map_err(|failure| failure.during("loading the compiled model"))
}

fn description<E: Engine>(engine: &E) -> Result<Description> {
    engine
        .description()
        .map_err(|failure| failure.during("reading the model's description"))
}

/// The session, and what the probe says of it.
fn probed<E: Engine>(
    engine: E,
    features: Features,
    spec: &ModelSpec,
    options: &CoreMlOptions,
    reference: Option<&dyn Session>,
) -> Result<(Runner<E>, String)> {
    let runner = Runner::new(
        engine,
        features,
        spec,
        reference.and_then(Session::vocab_size),
    );
    let said = match options.probe.bound() {
        Some(bound) => probe::run(&runner, reference, bound)?.to_string(),
        None => "not probed".to_owned(),
    };
    Ok((runner, said))
}

#[cfg(test)]
mod tests;
