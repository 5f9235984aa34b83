//! Fragments of a batch, scored together.

use vacancy_sections::{Error, Prediction, SectionClassifier};

/// Fragments that go to the classifier at once: enough to fill the session, few enough that a batch of
/// long texts is not tokenised as a whole.
const TOGETHER: usize = 256;

/// The prediction of each row; `None` for NULL.
pub(crate) fn predict(
    classifier: &SectionClassifier,
    texts: &[Option<&str>],
) -> Vec<Option<vacancy_sections::Result<Prediction>>> {
    let present: Vec<&str> = texts.iter().flatten().copied().collect();
    let mut results = Vec::with_capacity(present.len());
    for part in present.chunks(TOGETHER) {
        predict_part(classifier, part, &mut results);
    }
    let mut results = results.into_iter();
    texts
        .iter()
        .map(|text| text.and_then(|_| results.next()))
        .collect()
}

/// One failing fragment fails those that are scored with it; halving finds it, and leaves the others
/// together.
fn predict_part(
    classifier: &SectionClassifier,
    part: &[&str],
    results: &mut Vec<vacancy_sections::Result<Prediction>>,
) {
    match classifier.classify_fragments(part) {
        Ok(predictions) if predictions.len() == part.len() => {
            results.extend(predictions.into_iter().map(Ok));
        }
        Ok(predictions) => results.extend(part.iter().map(|_| {
            Err(Error::Shape {
                what: "predictions",
                expected: part.len().to_string(),
                found: predictions.len().to_string(),
            })
        })),
        Err(error) if part.len() == 1 => results.push(Err(error)),
        Err(_) => {
            let (left, right) = part.split_at(part.len() / 2);
            predict_part(classifier, left, results);
            predict_part(classifier, right, results);
        }
    }
}
