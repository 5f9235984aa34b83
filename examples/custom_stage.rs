//! A chunker and an aggregator of one's own.

mod common;

use std::process::ExitCode;

use common::{Outcome, exit_with};
use vacancy_sections::{
    Aggregator, Chunker, Decision, RazdelChunker, Result, ScoredFragment, Section,
    SectionClassifier, Span,
};

const HELP: &str = "\
Structures a vacancy with a chunker that also splits at semicolons and an
aggregator that trusts only confident fragments.

Usage: custom_stage [--help]
";

const VACANCY: &str = "\
Ищем аналитика данных
Что делать: строить отчёты; проверять гипотезы; считать метрики
Нужно: уверенный SQL; Python; опыт от двух лет
Даём: удалённую работу; ДМС; отпуск 31 день
Ждём вас!";

/// razdel's sentences, split again at every semicolon and after a leading "Что-то:".
struct Clauses;

impl Chunker for Clauses {
    fn chunk(&self, block: &str) -> Vec<Span> {
        let mut clauses = Vec::new();
        for sentence in RazdelChunker.chunk(block) {
            let text = sentence.slice(block).unwrap_or_default();
            let mut start = sentence.start;
            for part in text.split_inclusive([';', ':']) {
                let clause = part.trim_end_matches(';').trim();
                let lead = part.len() - part.trim_start().len();
                if !clause.is_empty() {
                    clauses.push(Span::new(start + lead, start + lead + clause.len()));
                }
                start += part.len();
            }
        }
        clauses
    }
}

/// Fragments that the model is unsure of take the section of the one before them.
struct Confident {
    margin: f32,
}

impl Aggregator for Confident {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let mut current = Section::Notes;
        let decide = |fragment: &ScoredFragment<'_>| {
            if fragment.probabilities.margin() >= self.margin {
                current = fragment.probabilities.best();
            }
            Decision::new(current, fragment.probabilities)
        };
        Ok(fragments.iter().map(decide).collect())
    }
}

fn main() -> ExitCode {
    exit_with("custom_stage", run())
}

fn run() -> Outcome<()> {
    if std::env::args().len() > 1 {
        print!("{HELP}");
        return Ok(());
    }
    let classifier = SectionClassifier::builder()
        .chunker(Clauses)
        .aggregator(Confident { margin: 0.5 })
        .build()?;
    print!("{}", classifier.classify_vacancy(VACANCY)?);
    Ok(())
}
