//! A scheduler and two executors as processes on the loopback, and what becomes of the rows.

// A test may stop at what it did not expect, in the functions that it calls too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::error::Result;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use tempfile::TempDir;
use vacancy_sections_datafusion::VacancyFunctions;

const PROGRAM: &str = env!("CARGO_BIN_EXE_vacancy-cluster");

/// Nothing here may take longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A process that ends with the test, whatever the test does.
struct Server(Child);

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let command = Command::new(PROGRAM)
            .args(arguments)
            .stdin(Stdio::null())
            .spawn();
        Self(command.unwrap())
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            let _ = self.0.wait();
        }
    }
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

struct Cluster {
    folder: TempDir,
    scheduler: SocketAddr,
    executors: Vec<Server>,
    _scheduler: Server,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scheduler = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let port = scheduler.port().to_string();
        // An executor that works gives a sign of life every five seconds.
        let server = Server::start(&["scheduler", "--port", &port, "--executor-timeout", "12"]);
        wait_until("the scheduler listens", || {
            TcpStream::connect(scheduler).is_ok()
        });
        let executors = ["one", "two"].map(|name| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let executor = Server::start(&[
                "executor",
                "--scheduler",
                &scheduler.to_string(),
                "--port",
                &address.port().to_string(),
                "--cores",
                "1",
                "--work-dir",
                text(&folder.path().join(name)),
            ]);
            wait_until("the executor listens", || {
                TcpStream::connect(address).is_ok()
            });
            executor
        });
        Self {
            folder,
            scheduler,
            executors: executors.into(),
            _scheduler: server,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .args(["--scheduler", &format!("df://{}", self.scheduler)]);
        command
    }

    fn structure(&self, input: &Path, output: &Path) -> Output {
        let command = ["structure", text(input), text(output)];
        self.client(&command).output().unwrap()
    }
}

/// The same in this process, by SQL.
async fn alone(input: &Path, output: &Path) -> Result<()> {
    let mut config = SessionConfig::new();
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let context = SessionContext::new_with_config(config);
    VacancyFunctions::new().register(&context);
    context
        .register_parquet("vacancies", text(input), ParquetReadOptions::default())
        .await?;
    let sql = "SELECT *, vacancy_sections(description) AS sections FROM vacancies";
    let table = context.sql(sql).await?;
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    table.write_parquet(text(output), options, None).await?;
    Ok(())
}

fn parquet_files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let complete = |path: PathBuf| path.extension().is_some_and(|end| end == "parquet");
    entries
        .filter(|entry| complete(entry.as_ref().unwrap().path()))
        .count()
}

#[tokio::test]
async fn a_cluster_gives_what_one_process_gives() -> Result<()> {
    const ROWS: usize = 240;
    let cluster = Cluster::start();
    let (input, output) = (cluster.path("in"), cluster.path("out"));
    sample_vacancies::write_folder(&input, ROWS, 5, 3)?;

    let run = cluster.structure(&input, &output);
    assert!(run.status.success(), "{run:?}");
    let single = cluster.path("single.parquet");
    alone(&input, &single).await?;
    let comparison = sample_vacancies::compare(text(&output), text(&single)).await?;
    assert_eq!(comparison.rows, ROWS);
    assert_eq!(
        comparison.columns.last().map(String::as_str),
        Some("sections")
    );

    // What is there is left alone; what is missing is made again.
    std::fs::remove_file(output.join("part-00002.parquet"))?;
    let run = cluster.structure(&input, &output);
    let report = String::from_utf8_lossy(&run.stdout);
    assert!(
        report.contains("1 files") && report.contains("4 files were there"),
        "{report}"
    );
    assert_eq!(
        sample_vacancies::compare(text(&output), text(&single))
            .await?
            .rows,
        ROWS
    );

    // The functions serve queries that shuffle as well.
    let table = format!("v={}", text(&input));
    let sql = "SELECT section(title) AS s, count(*) AS n FROM v GROUP BY 1 ORDER BY 1";
    let run = cluster
        .client(&["query", sql, "--table", &table])
        .output()?;
    let context = SessionContext::new();
    VacancyFunctions::new().register(&context);
    context
        .register_parquet("v", text(&input), ParquetReadOptions::default())
        .await?;
    let expected = context.sql(sql).await?.to_string().await?;
    assert!(expected.lines().count() > 5, "{expected}");
    assert_eq!(
        String::from_utf8_lossy(&run.stdout).trim(),
        expected.trim(),
        "{run:?}"
    );

    // A folder without the column is refused by name.
    let run = cluster
        .client(&[
            "structure",
            text(&input),
            text(&cluster.path("none")),
            "--column",
            "body",
        ])
        .output()?;
    assert_eq!(run.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&run.stderr).contains("body"),
        "{run:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_executor_costs_no_row_and_doubles_none() -> Result<()> {
    const ROWS: usize = 1200;
    const FILES: usize = 6;
    let mut cluster = Cluster::start();
    let (input, output) = (cluster.path("in"), cluster.path("out"));
    sample_vacancies::write_folder(&input, ROWS, FILES, 4)?;

    let mut client = Server(
        cluster
            .client(&["structure", text(&input), text(&output)])
            .stdout(Stdio::null())
            .spawn()?,
    );
    wait_until("the first file is done", || parquet_files(&output) > 0);
    for executor in &mut cluster.executors {
        assert!(executor.is_running());
    }
    if let Some(executor) = cluster.executors.first_mut() {
        executor.kill();
    }
    assert!(
        parquet_files(&output) < FILES,
        "it was over before the kill"
    );
    wait_until("the job ends", || !client.is_running());
    assert!(client.0.wait()?.success());

    let single = cluster.path("single.parquet");
    alone(&input, &single).await?;
    let comparison = sample_vacancies::compare(text(&output), text(&single)).await?;
    assert_eq!(comparison.rows, ROWS);
    assert_eq!(parquet_files(&output), FILES);
    assert_eq!(
        std::fs::read_dir(&output)?.count(),
        FILES,
        "something else was left"
    );
    Ok(())
}
