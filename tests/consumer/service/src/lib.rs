//! One classifier, used from plain threads, from an asynchronous service and from a pool.

use rayon::prelude::*;
use vacancy_sections::{Result, SectionClassifier, VacancySections};

/// From synchronous code: the shared classifier is built at the first call.
pub fn structure(text: &str) -> Result<VacancySections> {
    SectionClassifier::shared()?.classify_vacancy(text)
}

/// From asynchronous code: a vacancy takes milliseconds of a CPU, too long for a thread that serves
/// other tasks, so the work goes to the threads for blocking calls.
///
/// A classifier is a handle: cloning it copies no model.
pub async fn structure_async(
    classifier: &SectionClassifier,
    text: String,
) -> Result<VacancySections> {
    let classifier = classifier.clone();
    tokio::task::spawn_blocking(move || classifier.classify_vacancy(&text))
        .await
        .unwrap_or_else(|error| Err(vacancy_sections::Error::stage("service", error)))
}

/// On a pool that the program has anyway: the classifier starts no threads for a single vacancy.
pub fn structure_all(
    classifier: &SectionClassifier,
    texts: &[String],
) -> Vec<Result<VacancySections>> {
    texts
        .par_iter()
        .map(|text| classifier.classify_vacancy(text))
        .collect()
}
