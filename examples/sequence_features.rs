//! What the sequence aggregator sees of scored vacancies, for its training.

use std::error::Error;
use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;

use serde::Deserialize;
use vacancy_sections::testing::{FEATURE_GROUPS, HIDDEN_WIDTH, WORD_BUCKETS, sequence_features};
use vacancy_sections::{BlockKind, Probabilities, ScoredFragment};

const HELP: &str = "\
Prints the features of scored vacancies as JSON lines.

Usage: sequence_features < VACANCIES > ROWS

  input   one vacancy per line: {\"fragments\": [{\"block\": 0, \"text\": \"…\",
          \"probabilities\": [5 numbers], \"kind\": \"list_item\", \"emphasis\": false}, …]};
          kind and emphasis may be missing
  output  first {\"groups\": [[name, width], …], \"buckets\": 4096, \"hidden\": 48}, then per
          vacancy a list of [[feature, …], [value, …], [bucket of a word, …]], one per
          fragment
";

#[derive(Deserialize)]
struct Vacancy {
    fragments: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Fragment {
    block: usize,
    text: String,
    probabilities: [f32; 5],
    #[serde(default)]
    kind: BlockKind,
    #[serde(default)]
    emphasis: bool,
}

fn main() -> ExitCode {
    if std::env::args().len() > 1 {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sequence_features: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let head = serde_json::json!({
        "groups": FEATURE_GROUPS,
        "buckets": WORD_BUCKETS,
        "hidden": HIDDEN_WIDTH,
    });
    writeln!(out, "{head}")?;
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let at = |error: &dyn Error| format!("line {}: {error}", number + 1);
        let line = line?;
        let vacancy: Vacancy = serde_json::from_str(&line).map_err(|error| at(&error))?;
        let fragments = vacancy
            .fragments
            .iter()
            .map(|fragment| {
                let probabilities = Probabilities::from_weights(fragment.probabilities)?;
                let scored = ScoredFragment::new(fragment.block, &fragment.text, probabilities);
                Ok(scored.in_block(fragment.kind, fragment.emphasis))
            })
            .collect::<Result<Vec<_>, vacancy_sections::Error>>()
            .map_err(|error| at(&error))?;
        let rows: Vec<_> = sequence_features(&fragments)
            .into_iter()
            .map(|row| {
                let (numbers, values): (Vec<_>, Vec<_>) = row.features.into_iter().unzip();
                (numbers, values, row.words)
            })
            .collect();
        serde_json::to_writer(&mut out, &rows)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}
