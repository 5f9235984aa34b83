//! Compares the public API of the library with the listing that is kept in the repository, and
//! demands an example of every public item. Reads what rustdoc writes as JSON.

mod examples;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustdoc_types::Crate;

const HELP: &str = "\
Usage: api-listing RUSTDOC.json LISTING.txt [--write]

Fails if the public API differs from the listing, or if a public item has no
example. --write makes the listing anew.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [json, listing] => run(Path::new(json), Path::new(listing), false),
        [json, listing, "--write"] => run(Path::new(json), Path::new(listing), true),
        _ => Err(HELP.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("api-listing: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(json: &Path, listing: &Path, write: bool) -> Result<(), Box<dyn Error>> {
    let text = read(json)?;
    check_format(&text)?;
    let found = public_api::Builder::from_rustdoc_json(PathBuf::from(json))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(false)
        .build()?;
    let found: String = found.items().map(|item| format!("{item}\n")).collect();
    if write {
        std::fs::write(listing, &found)
            .map_err(|error| format!("{}: {error}", listing.display()))?;
    } else {
        compare(&read(listing)?, &found, listing)?;
    }
    let krate: Crate = serde_json::from_str(&text)?;
    let missing = examples::missing(&krate);
    if !missing.is_empty() {
        return Err(format!("without an example:\n  {}", missing.join("\n  ")).into());
    }
    println!(
        "public API: {} items as listed, {} of them documented with an example of their own",
        found.lines().count(),
        examples::count(&krate)
    );
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The format changes with the compiler, and a foreign one is not worth a guess.
fn check_format(json: &str) -> Result<(), Box<dyn Error>> {
    let value: serde_json::Value = serde_json::from_str(json)?;
    let found = &value["format_version"];
    if found != rustdoc_types::FORMAT_VERSION {
        return Err(format!(
            "expected rustdoc JSON of format {}, found {found}: use Rust 1.95, or newer versions of \
             public-api and rustdoc-types",
            rustdoc_types::FORMAT_VERSION
        )
        .into());
    }
    Ok(())
}

fn compare(listed: &str, found: &str, listing: &Path) -> Result<(), String> {
    let gone = listed
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .map(|line| format!("- {line}"));
    let new = found
        .lines()
        .filter(|line| !listed.lines().any(|other| other == *line))
        .map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the public API is not the one in {}; if it should be, run again with --write:\n{}",
        listing.display(),
        changes.join("\n")
    ))
}
