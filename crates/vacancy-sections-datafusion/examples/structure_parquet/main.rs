//! Structures the vacancies of Parquet files.

mod job;
mod options;

use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use options::Options;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("structure_parquet: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Outcome<ExitCode> {
    let Some(options) = Options::parse()? else {
        print!("{}", options::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let start = Instant::now();
    let bar = ProgressBar::new(0).with_style(style());
    let summary = runtime.block_on(job::run(&options, |done, rows| {
        bar.set_length(rows);
        bar.set_position(done);
    }));
    bar.finish_and_clear();
    let summary = summary?;
    let seconds = start.elapsed().as_secs_f64();
    let rate = summary.rows as f64 / seconds.max(1e-9);
    eprintln!(
        "{} rows, {seconds:.1} s, {rate:.0} rows/s, {} without a result",
        summary.rows, summary.failures
    );
    Ok(if summary.failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    })
}

fn style() -> ProgressStyle {
    let template = "{elapsed_precise} [{bar:40}] {percent}%  {pos} of {len} rows, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => style.progress_chars("=> "),
        Err(_) => ProgressStyle::default_bar(),
    }
}
