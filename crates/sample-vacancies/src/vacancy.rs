//! One vacancy after another.

use crate::layout::{Layout, Part};
use crate::phrases::{self, TRADES, Trade};
use crate::random::Random;

/// A row of the archive.
///
/// ```
/// let vacancy = sample_vacancies::Vacancies::new(7).next();
/// assert!(vacancy.is_some_and(|vacancy| vacancy.id == 0 && !vacancy.title.is_empty()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacancy {
    /// From 0, without gaps.
    pub id: i64,
    /// What is looked for.
    pub title: String,
    /// Roubles per month; not every employer says.
    pub salary_from: Option<i32>,
    /// Plain text or HTML; a few are `None`, a few blank, a few very long.
    pub description: Option<String>,
}

/// An endless archive.
///
/// ```
/// use sample_vacancies::Vacancies;
///
/// let first: Vec<_> = Vacancies::new(7).take(3).collect();
/// let again: Vec<_> = Vacancies::new(7).take(3).collect();
/// assert_eq!(first, again);
/// ```
#[derive(Debug, Clone)]
pub struct Vacancies {
    random: Random,
    next_id: i64,
}

/// One vacancy in so many has no description, a blank one, a very long one.
const NULL_IN: usize = 100;
const BLANK_IN: usize = 100;
const LONG_IN: usize = 500;

impl Vacancies {
    /// The archive of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            next_id: 0,
        }
    }

    fn description(&mut self, trade: &Trade) -> Option<String> {
        let random = &mut self.random;
        if random.one_in(NULL_IN) {
            return None;
        }
        if random.one_in(BLANK_IN) {
            return Some(
                random
                    .pick(&["", "   ", "\n \n", "<p>&nbsp;</p>", "<br/>"])
                    .to_owned(),
            );
        }
        // A very long vacancy lists dozens of jobs one below the other.
        let copies = if random.one_in(LONG_IN) {
            random.between(20, 60)
        } else {
            1
        };
        let parts: Vec<Part> = (0..copies).flat_map(|_| parts(random, trade)).collect();
        Some(Layout::random(random).write(&parts, random))
    }
}

impl Iterator for Vacancies {
    type Item = Vacancy;

    fn next(&mut self) -> Option<Vacancy> {
        let id = self.next_id;
        self.next_id += 1;
        let trade = &TRADES[self.random.below(TRADES.len())];
        let title = phrases::fill(self.random.pick(trade.titles), &mut self.random);
        let salary = self.random.between(40, 380) * 1000;
        let salary_from = if self.random.one_in(3) {
            None
        } else {
            i32::try_from(salary).ok()
        };
        Some(Vacancy {
            id,
            title,
            salary_from,
            description: self.description(trade),
        })
    }
}

/// The parts of a vacancy in the usual order, some left out.
fn parts(random: &mut Random, trade: &Trade) -> Vec<Part> {
    let mut parts = Vec::new();
    if !random.one_in(4) {
        let count = random.between(1, 3);
        let sentences = random.pick_several(phrases::COMPANY, count);
        parts.push(Part::text(fill_all(&sentences, random)));
    }
    let lists: [(&[&str], &[&str], usize, usize); 3] = [
        (phrases::DUTY_HEADINGS, trade.duties, 3, 8),
        (phrases::REQUIREMENT_HEADINGS, trade.requirements, 3, 7),
        (phrases::TERM_HEADINGS, phrases::TERMS, 3, 8),
    ];
    for (headings, items, low, high) in lists {
        let count = random.between(low, high);
        let mut items = random.pick_several(items, count);
        if random.one_in(3) {
            items.extend(random.pick_several(phrases::PLUSES, 1));
        }
        let heading = random.pick(headings);
        parts.push(Part::list(heading, fill_all(&items, random)));
    }
    if random.one_in(3) {
        let sentences = random.pick_several(phrases::HIRING, 2);
        parts.push(Part::text(fill_all(&sentences, random)));
    }
    if random.one_in(3) {
        parts.push(Part::text(fill_all(&[random.pick(phrases::JUNK)], random)));
    }
    parts
}

fn fill_all(texts: &[&str], random: &mut Random) -> Vec<String> {
    texts
        .iter()
        .map(|text| phrases::fill(text, random))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_every_kind_of_description() {
        let vacancies: Vec<Vacancy> = Vacancies::new(1).take(4000).collect();
        let descriptions = || vacancies.iter().filter_map(|v| v.description.as_deref());
        assert!(vacancies.iter().any(|v| v.description.is_none()));
        assert!(descriptions().any(|text| text.trim().is_empty()));
        assert!(descriptions().any(|text| text.len() > 50_000));
        assert!(descriptions().any(|text| text.contains("<li>")));
        assert!(descriptions().any(|text| text.contains("\n- ")));
        assert!(
            descriptions().all(|text| !text.contains('{')),
            "a slot was left open"
        );
        let ids: Vec<i64> = vacancies.iter().map(|v| v.id).collect();
        assert_eq!(ids, (0..4000).collect::<Vec<i64>>());
    }

    #[test]
    fn seeds_differ() {
        let first = Vacancies::new(1).take(20).collect::<Vec<_>>();
        assert_ne!(first, Vacancies::new(2).take(20).collect::<Vec<_>>());
    }
}
