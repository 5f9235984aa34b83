//! A folder of Parquet in, a folder out, on a cluster.
//!
//! Each file is a job of its own with one task, which reads the file, structures its rows in order and
//! writes them to the file of the same name. An executor lets a file appear under its name only when it
//! is complete, and a task that runs again replaces it by the same rows: whatever is killed and however
//! often a task is repeated, every row is there exactly once. A sink that invents a file name per attempt
//! could not promise that.

use std::fs::File;
use std::path::{Path, PathBuf};

use ballista::extension::SessionConfigExt;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::common::config::TableParquetOptions;
use datafusion::common::{Column, DataFusionError, Result, exec_err};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::Expr;
use datafusion::parquet::file::reader::{FileReader, SerializedFileReader};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;

use crate::functions::connect;

/// Rows that are structured at a time.
const BATCH: usize = 1024;

/// Rows of a row group of the output: an executor holds one in memory.
const ROW_GROUP: usize = 1 << 14;

/// Times that a file is given to the cluster. Ballista repeats the tasks of an executor that is lost; this
/// is for an executor that is lost between the end of a task and the fetching of its answer.
const ATTEMPTS: usize = 3;

/// What to structure, and where.
///
/// Input and output are folders that the client and every executor see under the same path.
///
/// ```no_run
/// use vacancy_sections_ballista::Structuring;
///
/// # async fn structure() -> datafusion::common::Result<()> {
/// let archive = Structuring {
///     input: "/archive/in".into(),
///     output: "/archive/out".into(),
///     column: "description".to_owned(),
///     into: "sections".to_owned(),
///     files_at_once: 16,
/// };
/// let report = archive
///     .run("df://127.0.0.1:50050", |file, rows| println!("{}: {rows}", file.display()))
///     .await?;
/// println!("{} rows in {} files", report.rows, report.files);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Structuring {
    /// Folder whose `*.parquet` files are read.
    pub input: PathBuf,
    /// Folder that gets a file for each of them; files that are there are left as they are, so that a run
    /// that was stopped can be continued.
    pub output: PathBuf,
    /// The column that holds the text.
    pub column: String,
    /// The column that is added.
    pub into: String,
    /// Files under way at a time; at least the cores of the cluster, to keep them busy.
    pub files_at_once: usize,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Files that were there before.
    pub skipped: usize,
    /// Files that were written.
    pub files: usize,
    /// Rows that were written.
    pub rows: u64,
}

impl Structuring {
    /// Structures what is not structured yet; `tick` is told each file that is done and its rows.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read or a file could not be structured in several attempts. Files that are
    /// done stay.
    pub async fn run(&self, scheduler: &str, tick: impl Fn(&Path, u64)) -> Result<Report> {
        let context = connect(scheduler, config()).await?;
        std::fs::create_dir_all(&self.output)?;
        let names = parquet_files(&self.input)?;
        if names.is_empty() {
            return exec_err!("{}: expected *.parquet, found none", self.input.display());
        }
        let (done, left): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|name| self.output.join(name).exists());
        let mut report = Report {
            skipped: done.len(),
            files: 0,
            rows: 0,
        };
        let mut running = futures::stream::iter(left)
            .map(|name| {
                let context = &context;
                async move {
                    let rows = self.file(context, &name).await?;
                    Ok::<_, DataFusionError>((name, rows))
                }
            })
            .buffer_unordered(self.files_at_once.max(1));
        while let Some(file) = running.next().await {
            let (name, rows) = file?;
            tick(&name, rows);
            report.files += 1;
            report.rows += rows;
        }
        drop(running);
        remove_partial_files(&self.output)?;
        Ok(report)
    }

    /// Structures one file, and gives its rows.
    async fn file(&self, context: &SessionContext, name: &Path) -> Result<u64> {
        let (input, output) = (self.input.join(name), self.output.join(name));
        let expected = count_rows(&input)?;
        let mut attempt = 1;
        let written = loop {
            match self.job(context, &input, &output).await {
                Ok(rows) => break rows,
                Err(error) if attempt < ATTEMPTS => {
                    log::warn!("{}: attempt {attempt}: {error}", input.display());
                    attempt += 1;
                }
                Err(error) => return Err(error.context(input.display().to_string())),
            }
        };
        if written != expected || count_rows(&output)? != expected {
            return exec_err!(
                "{}: expected {expected} rows, as in {}, found {written}",
                output.display(),
                input.display()
            );
        }
        Ok(written)
    }

    async fn job(&self, context: &SessionContext, input: &Path, output: &Path) -> Result<u64> {
        let table = context
            .read_parquet(text(input)?, ParquetReadOptions::default())
            .await?;
        let fields = table.schema().fields();
        if fields.iter().any(|field| field.name() == &self.into) {
            return exec_err!("there is a column {} already; name another", self.into);
        }
        let column = Expr::Column(Column::from_name(&self.column));
        let sections = context.udf("vacancy_sections")?.call(vec![column]);
        let mut options = TableParquetOptions::default();
        options.global.max_row_group_size = ROW_GROUP;
        // Several row groups at once would be several in memory.
        options.global.allow_single_file_parallelism = false;
        let answer = table
            .with_column(&self.into, sections)?
            .write_parquet(
                text(output)?,
                DataFrameWriteOptions::new().with_single_file_output(true),
                Some(options),
            )
            .await?;
        Ok(answer.iter().map(written_rows).sum())
    }
}

/// One task per file, and batches that keep the memory of a task small.
fn config() -> SessionConfig {
    SessionConfig::new_with_ballista()
        .with_target_partitions(1)
        .with_batch_size(BATCH)
}

/// What a sink answers: one column of counts.
fn written_rows(answer: &RecordBatch) -> u64 {
    let counts = answer.columns().first();
    let counts = counts.and_then(|column| column.as_primitive_opt::<UInt64Type>());
    counts.map_or(0, |counts| counts.iter().flatten().sum())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        DataFusionError::Execution(format!("{}: expected a path in UTF-8", path.display()))
    })
}

fn count_rows(file: &Path) -> Result<u64> {
    let reader = SerializedFileReader::new(File::open(file)?)?;
    let rows = reader.metadata().file_metadata().num_rows();
    u64::try_from(rows).map_err(|_| {
        DataFusionError::Execution(format!(
            "{}: it says that it has {rows} rows",
            file.display()
        ))
    })
}

/// Names of the Parquet files of a folder, sorted.
fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
            && let Some(name) = path.file_name()
        {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

/// Removes what an executor that was killed left unfinished: `name.parquet#1` and the like.
fn remove_partial_files(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.contains(".parquet#")) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_files_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.parquet", "a.parquet#1", "b.parquet#12", "note.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        remove_partial_files(folder.path()).unwrap();
        assert_eq!(
            parquet_files(folder.path()).unwrap(),
            [PathBuf::from("a.parquet")]
        );
        assert!(folder.path().join("note.txt").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
