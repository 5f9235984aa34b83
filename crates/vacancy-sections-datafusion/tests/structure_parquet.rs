//! The example `structure_parquet`, beside SQL.

// A test may stop at what it did not expect, in the functions that it calls too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::error::Result;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use vacancy_sections_datafusion::VacancyFunctions;

const ROWS: usize = 300;

/// The example that cargo built beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples").join("structure_parquet")
}

fn run(arguments: &[&str]) -> Output {
    let program = example();
    let output = Command::new(&program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_example_gives_what_sql_gives() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (
        path(folder.path(), "in"),
        path(folder.path(), "out.parquet"),
    );
    sample_vacancies::write_folder(Path::new(&input), ROWS, 3, 5)?;

    let run = run(&[&input, &output, "--threads", "2"]);
    assert!(run.status.success(), "{run:?}");
    let report = String::from_utf8_lossy(&run.stderr);
    assert!(
        report.contains("300 rows") && report.contains("0 without a result"),
        "{report}"
    );

    let mut config = SessionConfig::new().with_target_partitions(2);
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let context = SessionContext::new_with_config(config);
    VacancyFunctions::new().register(&context);
    context
        .register_parquet("vacancies", &input, ParquetReadOptions::default())
        .await?;
    let by_sql = path(folder.path(), "sql");
    context
        .sql("SELECT *, vacancy_sections(description) AS sections FROM vacancies")
        .await?
        .write_parquet(&format!("{by_sql}/"), DataFrameWriteOptions::new(), None)
        .await?;

    let comparison = sample_vacancies::compare(&output, &by_sql).await?;
    assert_eq!(comparison.rows, ROWS);
    let columns = ["id", "title", "salary_from", "description", "sections"];
    assert_eq!(comparison.columns, columns);
    Ok(())
}

#[test]
fn a_missing_column_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (
        path(folder.path(), "in"),
        path(folder.path(), "out.parquet"),
    );
    sample_vacancies::write_folder(Path::new(&input), 3, 1, 5).unwrap();

    let run_on = |column, into| run(&[&input, &output, "--column", column, "--into", into]);
    let run = run_on("text", "sections");
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        error.contains("expected a column text, found id, title"),
        "{error}"
    );

    let run = run_on("description", "title");
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2));
    assert!(error.contains("--into"), "{error}");
    assert!(!Path::new(&output).exists());
}
