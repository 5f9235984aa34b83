//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::prelude::*;
use vacancy_sections_ballista::Structuring;

use crate::Outcome;

pub(crate) const HELP: &str = "\
Structures the vacancies of a folder of Parquet files on a cluster of Apache Ballista.

Usage: vacancy-cluster scheduler [--host IP] [--port N] [--executor-timeout SECONDS]
       vacancy-cluster executor --work-dir DIR [--scheduler IP:PORT] [--host IP]
                       [--port N] [--cores N] [--strict]
       vacancy-cluster structure IN OUT [--scheduler URL] [--column NAME]
                       [--into NAME] [--files-at-once N]
       vacancy-cluster query SQL [--scheduler URL] [--table NAME=PATH]...

  scheduler              listens on --host (default 127.0.0.1), --port (50050);
                         an executor that is silent for --executor-timeout (60)
                         seconds is lost, and its tasks go to others
  executor               serves its results on --host (127.0.0.1), which is also the
                         address that others reach it at, and --port (50051);
                         --cores 0, the default, is one task per core; --strict
                         makes a row that cannot be structured an error, else NULL
  structure              OUT gets, for each file of IN, a file of the same name with
                         the struct --into (sections), made of --column
                         (description); files that are there already are left
                         alone, so that a run can be continued. IN and OUT are paths
                         that every executor sees.
  query                  prints what a query with section, section_probabilities or
                         vacancy_sections gives
  --scheduler            127.0.0.1:50050, as URL df://127.0.0.1:50050
  --files-at-once N      files under way (16); not fewer than the cores there are
  --help                 this text

The protocol has neither encryption nor authentication: keep the ports inside a network
that you trust.
";

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Scheduler(Scheduler),
    Executor(Executor),
    Structure(Structure),
    Query(Query),
}

#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) executor_timeout: u64,
}

#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) scheduler: SocketAddr,
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) cores: usize,
    pub(crate) work_dir: PathBuf,
    pub(crate) strict: bool,
}

#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) scheduler: String,
    pub(crate) structuring: Structuring,
}

#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) scheduler: String,
    pub(crate) tables: Vec<(String, String)>,
    pub(crate) sql: String,
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SCHEDULER: &str = "df://127.0.0.1:50050";

pub(crate) fn parse() -> Outcome<Command> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(Value(command)) => command.string()?,
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(other) => return Err(other.unexpected().into()),
        None => return Err("expected a command; see --help".into()),
    };
    match command.as_str() {
        "scheduler" => scheduler(arguments),
        "executor" => executor(arguments),
        "structure" => structure(arguments),
        "query" => query(arguments),
        other => Err(format!("unknown command `{other}`; see --help").into()),
    }
}

fn scheduler(mut arguments: lexopt::Parser) -> Outcome<Command> {
    let mut options = Scheduler {
        host: LOOPBACK,
        port: 50050,
        executor_timeout: 60,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("host") => options.host = arguments.value()?.parse()?,
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("executor-timeout") => options.executor_timeout = arguments.value()?.parse()?,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Scheduler(options))
}

fn executor(mut arguments: lexopt::Parser) -> Outcome<Command> {
    let mut work_dir = None;
    let mut options = Executor {
        scheduler: SocketAddr::new(LOOPBACK, 50050),
        host: LOOPBACK,
        port: 50051,
        cores: 0,
        work_dir: PathBuf::new(),
        strict: false,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("scheduler") => options.scheduler = arguments.value()?.parse()?,
            Long("host") => options.host = arguments.value()?.parse()?,
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("cores") => options.cores = arguments.value()?.parse()?,
            Long("work-dir") => work_dir = Some(PathBuf::from(arguments.value()?)),
            Long("strict") => options.strict = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    options.work_dir = work_dir.ok_or("executor: expected --work-dir; see --help")?;
    Ok(Command::Executor(options))
}

fn structure(mut arguments: lexopt::Parser) -> Outcome<Command> {
    let mut scheduler = SCHEDULER.to_owned();
    let mut folders = Vec::new();
    let (mut column, mut into) = ("description".to_owned(), "sections".to_owned());
    let mut files_at_once = 16;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("scheduler") => scheduler = arguments.value()?.string()?,
            Long("column") => column = arguments.value()?.string()?,
            Long("into") => into = arguments.value()?.string()?,
            Long("files-at-once") => files_at_once = arguments.value()?.parse()?,
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(folder) if folders.len() < 2 => folders.push(PathBuf::from(folder)),
            other => return Err(other.unexpected().into()),
        }
    }
    let [input, output] = folders
        .try_into()
        .map_err(|_| "structure: expected IN and OUT; see --help")?;
    Ok(Command::Structure(Structure {
        scheduler,
        structuring: Structuring {
            input: std::path::absolute(input)?,
            output: std::path::absolute(output)?,
            column,
            into,
            files_at_once,
        },
    }))
}

fn query(mut arguments: lexopt::Parser) -> Outcome<Command> {
    let (mut scheduler, mut tables, mut sql) = (SCHEDULER.to_owned(), Vec::new(), None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("scheduler") => scheduler = arguments.value()?.string()?,
            Long("table") => {
                let table = arguments.value()?.string()?;
                let (name, path) = table
                    .split_once('=')
                    .ok_or_else(|| format!("--table: expected NAME=PATH, found `{table}`"))?;
                tables.push((name.to_owned(), path.to_owned()));
            }
            Long("help") | Short('h') => return Ok(Command::Help),
            Value(value) if sql.is_none() => sql = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Query(Query {
        scheduler,
        tables,
        sql: sql.ok_or("query: expected SQL; see --help")?,
    }))
}
