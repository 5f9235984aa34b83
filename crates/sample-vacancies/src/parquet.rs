//! Archives on the disk.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int32Array, Int64Array, StringArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, col};

use crate::vacancy::{Vacancies, Vacancy};

/// Rows of one row group: engines read a row group as a whole.
const ROW_GROUP: usize = 1024;

/// Writes `rows` vacancies into `files` Parquet files `part-00000.parquet` … of a new or empty folder.
///
/// # Errors
///
/// When the folder is not empty or cannot be written.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = std::env::temp_dir().join(format!("sample-vacancies-{}", std::process::id()));
/// sample_vacancies::write_folder(&folder, 10, 2, 7)?;
/// assert_eq!(std::fs::read_dir(&folder)?.count(), 2);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(()) }
/// ```
pub fn write_folder(folder: &Path, rows: usize, files: usize, seed: u64) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    if std::fs::read_dir(folder)?.next().is_some() {
        return exec_err!("{}: expected an empty folder", folder.display());
    }
    let files = files.max(1);
    let mut vacancies = Vacancies::new(seed);
    for file in 0..files {
        // The first files take one more each if the rows do not divide evenly.
        let rows = rows / files + usize::from(file < rows % files);
        let path = folder.join(format!("part-{file:05}.parquet"));
        write_file(&path, &mut vacancies, rows)?;
    }
    Ok(())
}

fn write_file(path: &Path, vacancies: &mut Vacancies, rows: usize) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let mut writer =
        ArrowWriter::try_new(File::create(path)?, batch(&[])?.schema(), Some(properties))?;
    let mut left = rows;
    while left > 0 {
        let part: Vec<Vacancy> = vacancies.take(left.min(ROW_GROUP)).collect();
        left -= part.len();
        writer.write(&batch(&part)?)?;
    }
    writer.close()?;
    Ok(())
}

fn batch(vacancies: &[Vacancy]) -> Result<RecordBatch> {
    let ids: Int64Array = vacancies.iter().map(|vacancy| Some(vacancy.id)).collect();
    let titles: StringArray = vacancies.iter().map(|v| Some(v.title.as_str())).collect();
    let salaries: Int32Array = vacancies.iter().map(|v| v.salary_from).collect();
    let texts: StringArray = vacancies.iter().map(|v| v.description.as_deref()).collect();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("id", Arc::new(ids), false),
        ("title", Arc::new(titles), false),
        ("salary_from", Arc::new(salaries), true),
        ("description", Arc::new(texts), true),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

/// How two archives compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Rows of both.
    pub rows: usize,
    /// Names of the columns of both.
    pub columns: Vec<String>,
}

/// Compares two Parquet files or folders row by row, in the order of the column `id`.
///
/// # Errors
///
/// When the columns differ, when an `id` is missing or there more than once, or when a value differs; the
/// error names the first difference.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let folder = std::env::temp_dir().join(format!("compare-vacancies-{}", std::process::id()));
/// let (one, other) = (folder.join("one"), folder.join("other"));
/// sample_vacancies::write_folder(&one, 10, 2, 7)?;
/// sample_vacancies::write_folder(&other, 10, 3, 7)?;
/// let path = |folder: &std::path::Path| folder.to_string_lossy().into_owned();
/// let compared = runtime.block_on(sample_vacancies::compare(&path(&one), &path(&other)))?;
/// assert_eq!(compared.rows, 10);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(()) }
/// ```
pub async fn compare(left: &str, right: &str) -> Result<Comparison> {
    let (a, b) = (read(left).await?, read(right).await?);
    let names = |batch: &RecordBatch| -> Vec<String> {
        let schema = batch.schema();
        schema.fields().iter().map(|f| f.name().clone()).collect()
    };
    if names(&a) != names(&b) {
        return exec_err!(
            "{left} has the columns {:?}, {right} {:?}",
            names(&a),
            names(&b)
        );
    }
    let (ids, other_ids) = (ids(left, &a)?, ids(right, &b)?);
    if let Some((one, other)) = ids.iter().zip(&other_ids).find(|(one, other)| one != other) {
        return exec_err!("{left} has id {one} where {right} has {other}");
    }
    if ids.len() != other_ids.len() {
        return exec_err!("{left} has {} rows, {right} {}", ids.len(), other_ids.len());
    }
    for (name, (one, other)) in names(&a).iter().zip(a.columns().iter().zip(b.columns())) {
        if one.data_type() != other.data_type() {
            return exec_err!(
                "{name}: {left} has {}, {right} {}",
                one.data_type(),
                other.data_type()
            );
        }
        if one != other {
            let row = (0..ids.len()).find(|&row| one.slice(row, 1) != other.slice(row, 1));
            let id = row.and_then(|row| ids.get(row));
            return exec_err!("{name}: {left} and {right} differ, first at id {id:?}");
        }
    }
    Ok(Comparison {
        rows: ids.len(),
        columns: names(&a),
    })
}

/// All rows, in the order of their `id`.
async fn read(path: &str) -> Result<RecordBatch> {
    let mut config = SessionConfig::new().with_target_partitions(1);
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let context = SessionContext::new_with_config(config);
    let table = context
        .read_parquet(path, ParquetReadOptions::default())
        .await?
        .sort(vec![col("id").sort(true, true)])?;
    let schema = Arc::clone(table.schema().inner());
    let batches = table.collect().await?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    concat_batches(&schema, &batches).map_err(DataFusionError::from)
}

/// The column `id`, in which no value stands twice.
fn ids(path: &str, batch: &RecordBatch) -> Result<Vec<i64>> {
    let column = batch.column_by_name("id");
    let Some(ids) = column.and_then(|column| column.as_any().downcast_ref::<Int64Array>()) else {
        return exec_err!("{path}: expected a column id of 64-bit integers");
    };
    if ids.null_count() > 0 {
        return exec_err!("{path}: {} rows have no id", ids.null_count());
    }
    let ids = ids.values().to_vec();
    if let Some(pair) = ids.windows(2).find(|pair| pair.first() == pair.last()) {
        return exec_err!("{path}: id {:?} is there more than once", pair.first());
    }
    Ok(ids)
}
