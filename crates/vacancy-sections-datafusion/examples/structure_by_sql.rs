//! Structures a folder of Parquet by one SQL statement, on several partitions.

use std::process::ExitCode;
use std::time::Instant;

use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use vacancy_sections_datafusion::VacancyFunctions;

const HELP: &str = "\
Structures the column description of Parquet files by one SQL statement.

Usage: structure_by_sql IN OUT/ [--partitions N]

  IN              a Parquet file, or a folder of them
  OUT/            a folder of Parquet files, with a column sections more
  --partitions N  what DataFusion evaluates side by side; default: one per core
";

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("structure_by_sql: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    use lexopt::prelude::*;

    let (mut folders, mut partitions) = (Vec::new(), 0);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("partitions") => partitions = arguments.value()?.parse()?,
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            Value(folder) if folders.len() < 2 => folders.push(folder.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [input, output] = folders
        .try_into()
        .map_err(|_| "expected IN and OUT/; see --help")?;
    let mut config = SessionConfig::new().with_batch_size(1024);
    if partitions > 0 {
        config = config.with_target_partitions(partitions);
    }
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;

    let start = Instant::now();
    let context = SessionContext::new_with_config(config);
    let functions = VacancyFunctions::new();
    functions.register(&context);
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    runtime.block_on(async {
        context
            .register_parquet("vacancies", &input, ParquetReadOptions::default())
            .await?;
        let sql = format!(
            "COPY (SELECT *, vacancy_sections(description) AS sections FROM vacancies) \
             TO '{}' STORED AS PARQUET OPTIONS ('format.max_row_group_size' '16384')",
            output.replace('\'', "''")
        );
        context.sql(&sql).await?.collect().await
    })?;
    eprintln!(
        "{:.1} s, {} rows without a result",
        start.elapsed().as_secs_f64(),
        functions.failures()
    );
    Ok(())
}
