//! From lines to results, in the order of the input.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

use serde_json::{Value, json};
use vacancy_sections::{Passage, Posting, SectionClassifier, VacancySections};

use crate::sink::Sink;
use crate::source::{Line, Lines};

/// What a run did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) vacancies: u64,
    pub(crate) fragments: u64,
    /// Numbers of the lines that have no result.
    pub(crate) bad_lines: Vec<u64>,
}

/// A line whose turn has not come yet.
enum Waiting {
    Vacancy { number: u64, id: Option<Value> },
    Bad { number: u64, reason: String },
    Broken(io::Error),
}

/// Structures the vacancies of all lines; `tick` is told after each.
///
/// # Errors
///
/// When the input cannot be read on or the results cannot be written; what came before is written.
pub(crate) fn run(
    classifier: &SectionClassifier,
    lines: Lines,
    mut sink: Sink,
    threads: usize,
    mut tick: impl FnMut(&Summary),
) -> io::Result<Summary> {
    let waiting = RefCell::new(VecDeque::new());
    let postings = lines.map_while(|line| note(line, &waiting)).flatten();
    let mut results = classifier.classify_vacancies(postings).threads(threads);
    let mut summary = Summary::default();
    let mut broken = Ok(());
    loop {
        let result = results.next();
        // Bad lines stand in front of the vacancy whose result this is, or at the end of the input.
        while let Some(line) = { waiting.borrow_mut().pop_front() } {
            match line {
                Waiting::Bad { number, reason } => {
                    sink.error(number, &reason)?;
                    summary.bad_lines.push(number);
                }
                Waiting::Broken(error) => broken = Err(error),
                Waiting::Vacancy { number, id } => {
                    match result.as_ref() {
                        Some(Ok(sections)) => {
                            sink.result(&row(number, id, sections))?;
                            summary.vacancies += 1;
                            summary.fragments += sections.fragments.len() as u64;
                        }
                        Some(Err(error)) => {
                            sink.error(number, &error.to_string())?;
                            summary.bad_lines.push(number);
                        }
                        None => return Err(io::Error::other("a vacancy got no result")),
                    }
                    break;
                }
            }
        }
        tick(&summary);
        if result.is_none() {
            break;
        }
    }
    sink.finish()?;
    broken.map(|()| summary)
}

/// Remembers a line; gives its vacancy, if any. `None` ends the input.
fn note(line: io::Result<Line>, waiting: &RefCell<VecDeque<Waiting>>) -> Option<Option<Posting>> {
    let mut waiting = waiting.borrow_mut();
    match line {
        Ok(Line::Vacancy {
            number,
            id,
            posting,
        }) => {
            waiting.push_back(Waiting::Vacancy { number, id });
            Some(Some(posting))
        }
        Ok(Line::Bad { number, reason }) => {
            waiting.push_back(Waiting::Bad { number, reason });
            Some(None)
        }
        Err(error) => {
            waiting.push_back(Waiting::Broken(error));
            None
        }
    }
}

fn row(number: u64, id: Option<Value>, sections: &VacancySections) -> Value {
    let texts = |passages: &[Passage]| -> Vec<Value> {
        passages
            .iter()
            .map(|p| Value::from(p.text.as_str()))
            .collect()
    };
    let mut row = json!({
        "line": number,
        "responsibilities": texts(&sections.responsibilities),
        "requirements": texts(&sections.requirements),
        "terms": texts(&sections.terms),
        "notes": texts(&sections.notes),
        "orphans": texts(&sections.orphans),
    });
    if let (Some(id), Some(fields)) = (id, row.as_object_mut()) {
        fields.insert("id".to_owned(), id);
    }
    row
}
