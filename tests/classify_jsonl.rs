//! The parts of the example `classify_jsonl`: what goes in, what comes out, and what a stopped run
//! leaves behind.

#![cfg(all(feature = "testing", feature = "html"))]

#[path = "../examples/classify_jsonl/job.rs"]
#[allow(dead_code)]
mod job;
#[path = "../examples/classify_jsonl/sink.rs"]
#[allow(dead_code)]
mod sink;
#[path = "../examples/classify_jsonl/source.rs"]
#[allow(dead_code)]
mod source;

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use job::Summary;
use sink::Sink;
use source::{Html, Lines};
use tempfile::TempDir;
use vacancy_sections::SectionClassifier;
use vacancy_sections::testing::{MockSession, WordEncoder};

const LEN: usize = 16;

/// Eight lines with a result, four without, one blank.
const INPUT: &str = r#"{"id": 1, "description": "печь хлеб"}
{"id": "b", "description": "<p>печь&nbsp;хлеб</p><ul><li>ДМС</ul>"}

{"description": "R&amp;D"}
{"id": 4, "description": 4}
{"id": 5}
{"id": 6, "description": "печь"
[7]
{"id": 8, "description": ""}
{"id": 9, "description": "2 < 3 <b>"}
{"id": 10, "description": "соль\nхлеб"}
{"id": 11, "description": "соль"}
{"id": 12, "description": "мука"}
"#;

const GOOD: [u64; 8] = [1, 2, 4, 9, 10, 11, 12, 13];
const BAD: [u64; 4] = [5, 6, 7, 8];

fn classifier() -> SectionClassifier {
    SectionClassifier::builder()
        .session(MockSession::new(LEN, |_| [0.0, 0.0, 4.0, 0.0, 0.0]))
        .encoder(WordEncoder::new(LEN))
        .build()
        .unwrap()
}

/// A folder with the files of a run.
struct Run {
    folder: TempDir,
}

impl Run {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("out.jsonl")
    }

    fn errors(&self) -> PathBuf {
        self.folder.path().join("out.errors.jsonl")
    }

    fn start(&self, input: &[u8], html: Html) -> std::io::Result<Summary> {
        let sink = Sink::create(&self.results(), self.errors())?;
        job::run(&classifier(), lines(input, html)?, sink, 2, |_| {})
    }

    fn resume(&self, input: &[u8]) -> std::io::Result<Summary> {
        let (sink, done) = Sink::resume(&self.results(), self.errors())?;
        let mut lines = lines(input, Html::Auto)?;
        lines.skip_to(done)?;
        job::run(&classifier(), lines, sink, 2, |_| {})
    }

    fn files(&self) -> (String, String) {
        (read(&self.results()), read(&self.errors()))
    }
}

fn lines(input: &[u8], html: Html) -> std::io::Result<Lines> {
    let input = source::decompress(Box::new(Cursor::new(input.to_vec())))?;
    Ok(Lines::new(input, "description", html))
}

fn read(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.unwrap(),
    }
}

fn numbers(jsonl: &str) -> Vec<u64> {
    let number = |line| -> u64 {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["line"].as_u64().unwrap()
    };
    jsonl.lines().map(number).collect()
}

#[test]
fn every_line_has_its_result_or_its_error() {
    let run = Run::new();
    let summary = run.start(INPUT.as_bytes(), Html::Auto).unwrap();
    assert_eq!(summary.vacancies, 8);
    assert_eq!(summary.fragments, 9);
    assert_eq!(summary.bad_lines, BAD);
    let (results, errors) = run.files();
    assert_eq!(numbers(&results), GOOD);
    assert_eq!(numbers(&errors), BAD);
    let rows: Vec<serde_json::Value> = results
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        rows[1],
        serde_json::json!({
            "line": 2, "id": "b", "responsibilities": [], "requirements": [],
            "terms": ["печь хлеб", "ДМС"], "notes": [], "orphans": [],
        })
    );
    // Which section that is, alone, is the model's affair.
    assert!(rows[2].to_string().contains(r#"["R&D"]"#), "{}", rows[2]);
    assert_eq!(rows[2].get("id"), None);
    assert_eq!(rows[3]["terms"], serde_json::json!([]));
    insta::assert_snapshot!(errors);
}

#[test]
fn texts_are_html_if_told_so() {
    let run = Run::new();
    run.start(INPUT.as_bytes(), Html::No).unwrap();
    assert!(run.files().0.contains("<p>печь&nbsp;хлеб</p>"));
    run.start(INPUT.as_bytes(), Html::Yes).unwrap();
    assert!(!run.files().0.contains('>'));
}

#[test]
fn compressed_input_is_the_same_input() {
    let plain = Run::new();
    plain.start(INPUT.as_bytes(), Html::Auto).unwrap();
    let (front, back) = INPUT.split_at(100);
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = |text: &str| {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    };
    // In two members, and in two frames.
    for input in [
        [gzip(front), gzip(back)].concat(),
        [zstd(front), zstd(back)].concat(),
    ] {
        let run = Run::new();
        run.start(&input, Html::Auto).unwrap();
        assert_eq!(run.files(), plain.files());
    }
}

#[test]
fn a_run_stopped_anywhere_is_resumed_without_losing_or_doubling_a_line() {
    let whole = Run::new();
    whole.start(INPUT.as_bytes(), Html::Auto).unwrap();
    let (results, errors) = whole.files();
    for stop in (0..=results.len()).step_by(7) {
        let (written, _) = results.as_bytes().split_at(stop);
        let done = written.iter().filter(|&&byte| byte == b'\n').count();
        // Errors in front of a written result were written before it; of the later ones any part may be.
        let last = done.checked_sub(1).map_or(0, |last| GOOD[last]);
        let certain = BAD.iter().filter(|&&bad| bad < last).count();
        let certain: usize = errors
            .split_inclusive('\n')
            .take(certain)
            .map(str::len)
            .sum();
        for lost in [0, 1, 30, errors.len()] {
            let run = Run::new();
            std::fs::write(run.results(), written).unwrap();
            let end = errors.len().saturating_sub(lost).max(certain);
            std::fs::write(run.errors(), &errors.as_bytes()[..end]).unwrap();
            run.resume(INPUT.as_bytes()).unwrap();
            assert_eq!(
                run.files(),
                (results.clone(), errors.clone()),
                "{stop} {lost}"
            );
        }
    }
}

#[test]
fn a_new_run_forgets_the_files_of_the_old_one() {
    let run = Run::new();
    run.start(INPUT.as_bytes(), Html::Auto).unwrap();
    run.start(b"{\"description\": \"\"}", Html::Auto).unwrap();
    let (results, errors) = run.files();
    assert_eq!((numbers(&results), errors.as_str()), (vec![1], ""));
}

#[test]
fn a_file_of_something_else_is_not_resumed() {
    let run = Run::new();
    std::fs::write(run.results(), "name,salary\n").unwrap();
    let error = run.resume(INPUT.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("without its number"), "{error}");
    assert_eq!(run.files().0, "name,salary\n");

    std::fs::write(run.results(), "{\"line\": 14}\n").unwrap();
    let error = run.resume(INPUT.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("at least 14 lines"), "{error}");
}

#[test]
fn what_comes_before_a_broken_part_of_the_input_is_kept() {
    let text = INPUT.repeat(50);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(text.as_bytes()).unwrap();
    let mut input = encoder.finish().unwrap();
    input.truncate(input.len() / 2);
    let run = Run::new();
    let error = run.start(&input, Html::Auto).unwrap_err().to_string();
    assert!(error.starts_with("after line "), "{error}");
    assert!(numbers(&run.files().0).len() > 100);
}
