//! From Parquet to Parquet, batch by batch.

use std::fs::File;
use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Column, DataFusionError, Result, exec_err};
use datafusion::logical_expr::Expr;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::sync::mpsc;
use vacancy_sections_datafusion::{OnFailure, VacancyFunctions};

use crate::options::Options;

/// Rows that are structured at a time, enough to keep some threads busy.
const BATCH: usize = 1024;

/// Structured batches that wait for the writer.
const AHEAD: usize = 2;

/// A row group of OUT ends at this many bytes, before compression, or rows: it is held in memory.
const ROW_GROUP_BYTES: usize = 32 << 20;
const ROW_GROUP_ROWS: usize = 1 << 16;

/// What a run did.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    pub(crate) failures: u64,
}

/// Structures all rows; `tick` is told how many of how many are done.
pub(crate) async fn run(options: &Options, tick: impl Fn(u64, u64)) -> Result<Summary> {
    let functions = VacancyFunctions::new()
        .threads_per_batch(options.threads)
        .on_failure(if options.strict {
            OnFailure::Error
        } else {
            OnFailure::Null
        });
    let (table, rows) = read(options).await?;
    check(&table, options)?;
    let text = Expr::Column(Column::from_name(&options.column));
    let sections = functions.vacancy_sections().call(vec![text]);
    let mut stream = table
        .with_column(&options.into, sections)?
        .execute_stream()
        .await?;

    let mut output = Output::create(&options.output, &stream.schema())?;
    // Structuring goes on while a row group is written.
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let reader = tokio::spawn(async move {
        while let Some(batch) = stream.next().await {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
    });
    let mut done = 0;
    while let Some(batch) = receiver.recv().await {
        let batch = batch?;
        output.write(&batch)?;
        done += batch.num_rows() as u64;
        tick(done, rows);
    }
    // A reader that panicked also closes the channel.
    reader
        .await
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    if done != rows {
        return exec_err!("expected {rows} rows, as IN says, found {done}");
    }
    output.finish()?;
    Ok(Summary {
        rows: done,
        failures: functions.failures(),
    })
}

/// The rows of IN in their order, and how many they are.
async fn read(options: &Options) -> Result<(DataFrame, u64)> {
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(BATCH);
    // Columns keep the types that they have in IN.
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let context = SessionContext::new_with_config(config);
    let table = context
        .read_parquet(&options.input, ParquetReadOptions::default())
        .await?;
    let rows = table.clone().count().await?;
    Ok((table, rows as u64))
}

fn check(table: &DataFrame, options: &Options) -> Result<()> {
    let names: Vec<&str> = table
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    if !names.contains(&options.column.as_str()) {
        return exec_err!(
            "{}: expected a column {}, found {}",
            options.input,
            options.column,
            names.join(", ")
        );
    }
    if names.contains(&options.into.as_str()) {
        return exec_err!(
            "{} has a column {} already; name another with --into",
            options.input,
            options.into
        );
    }
    Ok(())
}

/// OUT under another name until it is complete; a run that fails leaves neither.
struct Output {
    writer: ArrowWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl Output {
    fn create(path: &Path, schema: &std::sync::Arc<Schema>) -> Result<Self> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let file = File::create(&partial).map_err(|error| {
            DataFusionError::Execution(format!("{}: {error}", partial.display()))
        })?;
        Ok(Self {
            writer: ArrowWriter::try_new(file, schema.clone(), Some(properties))?,
            partial,
            path: path.to_owned(),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        Ok(self.writer.write(batch)?)
    }

    fn finish(mut self) -> Result<()> {
        self.writer.finish()?;
        self.writer.inner().sync_all()?;
        Ok(std::fs::rename(&self.partial, &self.path)?)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `finish` nothing has that name.
        let _ = std::fs::remove_file(&self.partial);
    }
}
