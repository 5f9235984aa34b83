//! The example `structure_parquet`, beside SQL.

// A test may stop at what it did not expect, in the functions that it calls too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::error::Result;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
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

/// The rows of a file in their order.
fn read(file: &str) -> RecordBatch {
    let file = std::fs::File::open(file).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches = reader.build().unwrap();
    let batches: Vec<RecordBatch> = batches.map(std::result::Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
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

    // The comparison sorts; OUT has the order of IN by itself.
    let rows = read(&output);
    let ids = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(ids, (0..300).collect::<Vec<i64>>());
    Ok(())
}

#[tokio::test]
async fn a_failing_row_is_null_and_reported_or_ends_the_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (input, output) = (
        path(folder.path(), "in.parquet"),
        path(folder.path(), "out.parquet"),
    );
    // The second text is beyond the limit of the classifier.
    let sql = "SELECT 'Требования:\n- опыт работы с SQL от 3 лет' AS \"Текст вакансии\" \
               UNION ALL SELECT repeat('долго ', 3000000) \
               UNION ALL SELECT NULL";
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1))
        .sql(sql)
        .await?
        .write_parquet(&input, options, None)
        .await?;

    let arguments = [&input, &output, "--column", "Текст вакансии"];
    let lenient = run(&arguments);
    let report = String::from_utf8_lossy(&lenient.stderr);
    assert_eq!(lenient.status.code(), Some(2));
    assert!(
        report.contains("3 rows") && report.contains("1 without a result"),
        "{report}"
    );
    let rows = read(&output);
    let (texts, sections) = (rows.column(0), rows.column(1).as_struct());
    assert_eq!((texts.null_count(), sections.null_count()), (1, 2));
    let requirements = sections.column_by_name("requirements").unwrap();
    let structured = (0..3).find(|&row| sections.is_valid(row)).unwrap();
    let requirements = requirements.as_list::<i32>().value(structured);
    let requirements: Vec<_> = requirements.as_string::<i32>().iter().flatten().collect();
    assert!(
        requirements.contains(&"опыт работы с SQL от 3 лет"),
        "{requirements:?}"
    );

    std::fs::remove_file(&output)?;
    let strict = run(&[&arguments[..], &["--strict"]].concat());
    let error = String::from_utf8_lossy(&strict.stderr);
    assert_eq!(strict.status.code(), Some(2));
    assert!(error.contains("vacancy_sections: row"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path())?
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["in.parquet"], "a failed run leaves nothing");
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
