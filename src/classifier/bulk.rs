//! Many vacancies, on many threads, in bounded memory.

mod workers;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::iter::Fuse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::{Place, SectionClassifier};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::report::VacancySections;
use workers::Workers;

/// Vacancies that one thread takes at a time: enough to fill the session's batches with the fragments
/// of several vacancies, few enough to wait for.
const BATCH: usize = 8;

/// Batches under way per thread: the one that it works on, and one that waits for it.
const BATCHES_PER_THREAD: usize = 2;

/// The text of one vacancy, and how to read it.
///
/// ```
/// use vacancy_sections::Posting;
///
/// assert_eq!(Posting::from("Опыт от 3 лет"), Posting::Plain("Опыт от 3 лет".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Posting {
    /// Plain text.
    Plain(String),
    /// HTML, such as the descriptions of hh.ru.
    #[cfg(feature = "html")]
    Html(String),
}

impl From<String> for Posting {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&String> for Posting {
    fn from(text: &String) -> Self {
        Self::Plain(text.clone())
    }
}

impl From<&str> for Posting {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<Cow<'_, str>> for Posting {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Plain(text.into_owned())
    }
}

#[cfg(all(feature = "serde", feature = "html"))]
impl From<crate::api::Vacancy> for Posting {
    fn from(vacancy: crate::api::Vacancy) -> Self {
        Self::Html(vacancy.html().into_owned())
    }
}

impl SectionClassifier {
    /// Structures many vacancies on all cores; the results come in the order of the input.
    ///
    /// The input is read as the results are taken, a bounded number of vacancies ahead, so that an
    /// endless one is fine. A vacancy that cannot be structured gives its error and does not disturb
    /// the others. Fragments of several vacancies share the batches of the session.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let texts = ["Опыт работы с SQL", "", "Мы предлагаем:\n- ДМС"];
    /// let classifier = SectionClassifier::shared()?;
    /// let counts: Vec<usize> = classifier
    ///     .classify_vacancies(texts)
    ///     .threads(2)
    ///     .map(|sections| sections.map(|sections| sections.fragments.len()))
    ///     .collect::<Result<_, _>>()?;
    /// assert_eq!(counts, [1, 0, 2]);
    /// # } Ok(()) }
    /// ```
    pub fn classify_vacancies<I>(&self, vacancies: I) -> Bulk<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Into<Posting>,
    {
        Bulk {
            classifier: self.clone(),
            vacancies: vacancies.into_iter().fuse(),
            threads: None,
            workers: None,
            next: 0,
            under_way: VecDeque::new(),
            finished: BTreeMap::new(),
            ready: Vec::new().into_iter(),
        }
    }

    /// As [`classify_vacancy`](Self::classify_vacancy) for each, with shared batches.
    fn classify_batch(&self, postings: &[Posting]) -> Vec<Result<VacancySections>> {
        let documents: Vec<Result<Document>> =
            postings.iter().map(|posting| self.read(posting)).collect();
        let places: Vec<Result<Vec<Place<'_>>>> = documents
            .iter()
            .map(|document| match document {
                Ok(document) => self.places(document),
                // The error itself is taken below.
                Err(_) => Ok(Vec::new()),
            })
            .collect();
        let texts: Vec<&str> = places.iter().flatten().flatten().map(Place::text).collect();
        // One bad fragment fails the whole batch; then each vacancy is scored by itself.
        let mut shared = self.predict(&texts).ok().map(Vec::into_iter);
        let results = places.into_iter().map(|places| {
            let places = places?;
            let predictions = match &mut shared {
                Some(shared) => shared.take(places.len()).collect(),
                None => {
                    let texts: Vec<&str> = places.iter().map(Place::text).collect();
                    self.predict(&texts)?
                }
            };
            self.assemble(&places, predictions)
        });
        let results: Vec<Result<VacancySections>> = results.collect();
        documents
            .into_iter()
            .zip(results)
            .map(|(document, result)| document.and(result))
            .collect()
    }

    fn read(&self, posting: &Posting) -> Result<Document> {
        match posting {
            Posting::Plain(text) => self.read_plain(text),
            #[cfg(feature = "html")]
            Posting::Html(html) => self.read_html(html),
        }
    }

    /// One result per posting, whatever happens: a stage that panics takes down its own vacancy only.
    fn classify_guarded(&self, postings: &[Posting]) -> Vec<Result<VacancySections>> {
        let batch = catch_unwind(AssertUnwindSafe(|| self.classify_batch(postings)));
        if let Ok(results) = batch
            && results.len() == postings.len()
        {
            return results;
        }
        let single = |posting| {
            catch_unwind(AssertUnwindSafe(|| {
                self.classify_batch(std::slice::from_ref(posting)).pop()
            }))
        };
        postings
            .iter()
            .map(|posting| match single(posting) {
                Ok(Some(result)) => result,
                _ => Err(Error::stage("classifier", "a stage panicked")),
            })
            .collect()
    }
}

/// The structured vacancies of [`SectionClassifier::classify_vacancies`], in input order.
///
/// Threads start with the first vacancy that is asked for and end with this iterator.
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::SectionClassifier;
///
/// let mut bulk = SectionClassifier::shared()?.classify_vacancies(["Знание SQL", "ДМС"]);
/// assert_eq!(bulk.size_hint(), (2, Some(2)));
/// assert!(bulk.all(|sections| sections.is_ok()));
/// # } Ok(()) }
/// ```
#[must_use = "an iterator does nothing until it is read"]
pub struct Bulk<I> {
    classifier: SectionClassifier,
    vacancies: Fuse<I>,
    threads: Option<usize>,
    workers: Option<Workers>,
    /// The batch whose turn it is.
    next: usize,
    /// Sizes of the batches handed to the workers, from that one on.
    under_way: VecDeque<usize>,
    /// Batches that came back before their turn.
    finished: BTreeMap<usize, Vec<Result<VacancySections>>>,
    ready: std::vec::IntoIter<Result<VacancySections>>,
}

impl<I> fmt::Debug for Bulk<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("classifier", &self.classifier)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl<I> Bulk<I> {
    /// Sets the number of threads; 0 means one per core, which is the default.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let classifier = SectionClassifier::shared()?;
    /// assert_eq!(classifier.classify_vacancies(["ДМС"]).threads(1).count(), 1);
    /// # } Ok(()) }
    /// ```
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads).filter(|&threads| threads > 0);
        self
    }
}

impl<I> Iterator for Bulk<I>
where
    I: Iterator,
    I::Item: Into<Posting>,
{
    type Item = Result<VacancySections>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.ready.next() {
                return Some(result);
            }
            self.ready = self.next_batch()?.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let known = self.ready.len() + self.under_way.iter().sum::<usize>();
        let (low, high) = self.vacancies.size_hint();
        let high = high.and_then(|high| high.checked_add(known));
        (low.saturating_add(known), high)
    }
}

impl<I> Bulk<I>
where
    I: Iterator,
    I::Item: Into<Posting>,
{
    /// The results of the batch whose turn it is; `None` at the end of the input.
    fn next_batch(&mut self) -> Option<Vec<Result<VacancySections>>> {
        let threads = self
            .threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let classifier = &self.classifier;
        let workers = self
            .workers
            .get_or_insert_with(|| Workers::start(classifier, threads));
        let ahead = workers.count().saturating_mul(BATCHES_PER_THREAD);
        while self.under_way.len() < ahead {
            let postings = batch(&mut self.vacancies);
            if postings.is_empty() {
                break;
            }
            let number = self.next + self.under_way.len();
            self.under_way.push_back(postings.len());
            workers.send(number, postings);
        }
        let Some(size) = self.under_way.pop_front() else {
            // The input has ended, or no thread could be started.
            let results = classifier.classify_guarded(&batch(&mut self.vacancies));
            return Some(results).filter(|results| !results.is_empty());
        };
        let results = loop {
            if let Some(results) = self.finished.remove(&self.next) {
                break results;
            }
            match workers.receive() {
                Some((number, results)) => self.finished.insert(number, results),
                None => break lost(size),
            };
        };
        self.next += 1;
        Some(results)
    }
}

/// The next postings of the input, none at its end.
fn batch<I>(vacancies: &mut I) -> Vec<Posting>
where
    I: Iterator,
    I::Item: Into<Posting>,
{
    vacancies.take(BATCH).map(Into::into).collect()
}

/// What a batch gives whose thread is gone.
fn lost(size: usize) -> Vec<Result<VacancySections>> {
    let lost = || Err(Error::stage("classifier", "its thread ended"));
    (0..size).map(|_| lost()).collect()
}
