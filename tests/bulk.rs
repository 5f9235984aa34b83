//! Many vacancies at once: order, bounds, and vacancies that go wrong.

#![cfg(feature = "testing")]

use std::cell::Cell;
use std::sync::Arc;

use vacancy_sections::testing::{MockSession, WordEncoder};
use vacancy_sections::{Error, Posting, Section, SectionClassifier, VacancySections};

const LEN: usize = 16;

/// Sections by the number of words, not-a-number for "сломай", an error for "откажи", a panic for
/// "упади".
fn session() -> MockSession {
    let encoder = WordEncoder::new(LEN);
    let [nan, error, panic] = ["сломай", "откажи", "упади"].map(|word| encoder.id(word));
    MockSession::fallible(LEN, move |ids| {
        assert!(!ids.contains(&panic), "told to panic");
        if ids.contains(&error) {
            return Err(Error::stage("session", "told to fail"));
        }
        let mut logits = [0.0; Section::COUNT];
        logits[ids.len() % Section::COUNT] = 4.0;
        if ids.contains(&nan) {
            logits[0] = f32::NAN;
        }
        Ok(logits)
    })
}

fn classifier_on(session: Arc<MockSession>) -> SectionClassifier {
    SectionClassifier::builder()
        .session(session)
        .encoder(WordEncoder::new(LEN))
        .max_text_bytes(1000)
        .build()
        .unwrap()
}

fn classifier() -> SectionClassifier {
    classifier_on(Arc::new(session()))
}

fn texts(count: usize) -> Vec<String> {
    let text =
        |n: usize| "хлеб ".repeat(n % 7) + &format!("номер {n}\nвторая строка").repeat(n % 3);
    (0..count).map(text).collect()
}

#[test]
fn results_are_those_of_one_by_one_in_input_order() {
    let classifier = classifier();
    let texts = texts(100);
    let expected: Vec<VacancySections> = texts
        .iter()
        .map(|text| classifier.classify_vacancy(text).unwrap())
        .collect();
    for threads in [0, 1, 3, 20] {
        let bulk = classifier
            .classify_vacancies(texts.clone())
            .threads(threads);
        assert_eq!(bulk.size_hint(), (100, Some(100)));
        let found: Vec<VacancySections> = bulk.map(Result::unwrap).collect();
        assert_eq!(found, expected, "{threads} threads");
    }
}

#[test]
fn one_bad_vacancy_does_not_disturb_the_others() {
    let long = "x".repeat(1001);
    let mut texts = texts(60);
    let bad = [
        (5, "сломай"),
        (17, &long),
        (18, "откажи"),
        (19, ""),
        (59, "упади"),
    ];
    for (position, text) in bad {
        texts[position] = text.to_owned();
    }
    let results: Vec<_> = classifier()
        .classify_vacancies(texts.clone())
        .threads(2)
        .collect();
    assert_eq!(results.len(), 60);
    let good = classifier();
    for (position, (text, result)) in texts.iter().zip(&results).enumerate() {
        match (position, result) {
            (5, Err(Error::NonFiniteLogits { index: 0, .. }))
            | (
                17,
                Err(Error::TextTooLong {
                    found: 1001,
                    limit: 1000,
                }),
            )
            | (
                18,
                Err(Error::Stage {
                    stage: "session", ..
                }),
            )
            | (
                59,
                Err(Error::Stage {
                    stage: "classifier",
                    ..
                }),
            ) => {}
            (_, Ok(sections)) => assert_eq!(sections, &good.classify_vacancy(text).unwrap()),
            (_, Err(error)) => panic!("vacancy {position}: {error}"),
        }
    }
}

#[test]
fn an_endless_input_is_read_a_bounded_number_of_vacancies_ahead() {
    let read = Cell::new(0);
    let endless = std::iter::repeat_with(|| {
        read.set(read.get() + 1);
        "хлеб и соль"
    });
    let mut taken = 0;
    for sections in classifier()
        .classify_vacancies(endless)
        .threads(2)
        .take(200)
    {
        assert_eq!(sections.unwrap().fragments.len(), 1);
        taken += 1;
        assert!(
            read.get() <= taken + 2 * 2 * 8 + 8,
            "{} read for {taken}",
            read.get()
        );
    }
    assert_eq!(taken, 200);
}

#[test]
fn an_input_without_vacancies_ends_at_once() {
    let nothing: [&str; 0] = [];
    let mut bulk = classifier().classify_vacancies(nothing);
    assert!(bulk.next().is_none());
    assert!(bulk.next().is_none());
}

#[test]
fn vacancies_share_the_batches_of_the_session() {
    let session = Arc::new(session());
    let classifier = classifier_on(Arc::clone(&session));
    let count = classifier
        .classify_vacancies(["печь хлеб"; 16])
        .threads(1)
        .count();
    assert_eq!(count, 16);
    assert_eq!(session.calls(), [8, 8]);
}

#[test]
#[cfg(feature = "html")]
fn html_and_plain_text_may_be_mixed() {
    let source = "<p>печь</p>";
    let postings = [
        Posting::Html(source.to_owned()),
        Posting::Plain(source.to_owned()),
    ];
    let texts: Vec<String> = classifier()
        .classify_vacancies(postings)
        .map(|sections| sections.unwrap().fragments.remove(0).text)
        .collect();
    assert_eq!(texts, ["печь", "<p>печь</p>"]);
}
