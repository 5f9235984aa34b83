//! The JSON that the examples print is the one that the feature `serde` reads and writes.

#![cfg(all(feature = "serde", feature = "embedded-model"))]

#[path = "../examples/common/json.rs"]
mod json;

use vacancy_sections::{Prediction, SectionClassifier, VacancySections};

#[test]
fn a_printed_vacancy_is_read_back() {
    let text = include_str!("../assets/sample_vacancy.txt");
    let sections = SectionClassifier::shared()
        .unwrap()
        .classify_vacancy(text)
        .unwrap();
    let printed = json::sections(&sections);
    assert_eq!(printed, serde_json::to_value(&sections).unwrap());
    let read: VacancySections = serde_json::from_str(&printed.to_string()).unwrap();
    assert_eq!(read, sections);
}

#[test]
fn a_printed_prediction_is_read_back() {
    let classifier = SectionClassifier::shared().unwrap();
    let prediction = classifier
        .classify_fragment("ДМС со стоматологией")
        .unwrap();
    let printed = json::prediction(&prediction);
    let read: Prediction = serde_json::from_str(&printed.to_string()).unwrap();
    assert_eq!(read, prediction);
}
