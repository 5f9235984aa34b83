//! The processes of a cluster, in one program.

mod command;

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::prelude::SessionConfig;
use vacancy_sections_ballista::{connect, executor_functions, scheduler_sessions};
use vacancy_sections_datafusion::{OnFailure, VacancyFunctions};

use command::{Command, Executor, Query, Scheduler, Structure};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Executors ask for tasks: they need no port that the scheduler reaches, and asking is their sign of life.
const POLICY: TaskSchedulingPolicy = TaskSchedulingPolicy::PullStaged;

/// Seconds between two looks for executors that are gone.
const LOOK_FOR_LOST: u64 = 2;

/// Seconds that an executor waits for its scheduler to appear.
const CONNECT_TIMEOUT: u16 = 30;

#[tokio::main]
async fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vacancy-cluster: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Outcome<()> {
    match command::parse()? {
        Command::Help => print!("{}", command::HELP),
        Command::Scheduler(options) => scheduler(options).await?,
        Command::Executor(options) => executor(options).await?,
        Command::Structure(options) => structure(options).await?,
        Command::Query(options) => query(options).await?,
    }
    Ok(())
}

async fn scheduler(options: Scheduler) -> Outcome<()> {
    let address = SocketAddr::new(options.host, options.port);
    let config = SchedulerConfig {
        bind_host: options.host.to_string(),
        external_host: options.host.to_string(),
        bind_port: options.port,
        scheduling_policy: POLICY,
        executor_timeout_seconds: options.executor_timeout,
        no_executors_grace_period_seconds: options.executor_timeout,
        expire_dead_executor_interval_seconds: LOOK_FOR_LOST,
        override_session_builder: Some(scheduler_sessions(VacancyFunctions::new())),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    Ok(start_server(cluster, address, Arc::new(config)).await?)
}

async fn executor(options: Executor) -> Outcome<()> {
    let on_failure = if options.strict {
        OnFailure::Error
    } else {
        OnFailure::Null
    };
    let functions = VacancyFunctions::new().on_failure(on_failure);
    let registry = executor_functions(&functions);
    std::fs::create_dir_all(&options.work_dir)?;
    let work_dir = options.work_dir.to_str();
    let work_dir = work_dir.ok_or("--work-dir: expected a path in UTF-8")?;
    let config = ExecutorProcessConfig {
        bind_host: options.host.to_string(),
        external_host: Some(options.host.to_string()),
        port: options.port,
        scheduler_host: bracketed(options.scheduler.ip()),
        scheduler_port: options.scheduler.port(),
        scheduler_connect_timeout_seconds: CONNECT_TIMEOUT,
        vcores: options.cores,
        task_scheduling_policy: POLICY,
        work_dir: Some(work_dir.to_owned()),
        override_function_registry: Some(registry),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await?;
    eprintln!("{} rows without a result", functions.failures());
    Ok(())
}

/// An address as it stands in a URL.
fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

async fn structure(options: Structure) -> Outcome<()> {
    let start = Instant::now();
    let report = options
        .structuring
        .run(&options.scheduler, |file, rows| {
            println!(
                "{:7.1} s  {}: {rows} rows",
                start.elapsed().as_secs_f64(),
                file.display()
            );
        })
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} files, {} rows, {seconds:.1} s, {:.0} rows/s; {} files were there before",
        report.files,
        report.rows,
        report.rows as f64 / seconds.max(1e-9),
        report.skipped
    );
    Ok(())
}

async fn query(options: Query) -> Outcome<()> {
    let context = connect(&options.scheduler, SessionConfig::new()).await?;
    for (name, path) in &options.tables {
        context
            .register_parquet(name, path, Default::default())
            .await?;
    }
    println!("{}", context.sql(&options.sql).await?.to_string().await?);
    Ok(())
}
