//! Compares two Parquet archives row by row.

use std::process::ExitCode;

const HELP: &str = "\
Compares two Parquet files or folders row by row, in the order of the column id.

Usage: compare-vacancies A B

Ends with 0 if every row is in both exactly once and equal, with 2 otherwise.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare-vacancies: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [left, right] = arguments.as_slice() else {
        print!("{HELP}");
        return Err("expected A and B".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let comparison = runtime.block_on(sample_vacancies::compare(left, right))?;
    println!(
        "equal: {} rows, columns {}",
        comparison.rows,
        comparison.columns.join(", ")
    );
    Ok(())
}
