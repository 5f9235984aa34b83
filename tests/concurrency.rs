//! One classifier, many threads.

#![cfg(all(feature = "testing", feature = "model"))]

use std::sync::{Arc, Barrier};
use std::thread;

use vacancy_sections::{
    Encoder, Encoding, MlPackage, PortableSession, Posting, Result, SectionClassifier,
    VacancySections, Window,
};

const THREADS: usize = 64;
const VACANCIES: usize = 10_000;

/// Words onto the sixteen rows of the tiny model.
struct Words;

impl Encoder for Words {
    fn encode(&self, fragment: &str) -> Result<Encoding> {
        let ids: Vec<i32> = fragment
            .split_whitespace()
            .map(|word| word.bytes().map(i32::from).sum::<i32>() % 16)
            .collect();
        let windows = ids.chunks(8).map(|ids| Window::new(ids.to_vec()));
        Ok(Encoding::new(windows.collect()))
    }
    fn max_seq_len(&self) -> usize {
        8
    }
    fn vocab_size(&self) -> usize {
        16
    }
    fn pad_id(&self) -> i32 {
        0
    }
}

fn classifier() -> SectionClassifier {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/packages/tiny.mlpackage"
    );
    let session = PortableSession::new(&MlPackage::open(path).unwrap()).unwrap();
    let builder = SectionClassifier::builder().session(session).encoder(Words);
    builder.build().unwrap()
}

fn vacancy(number: usize) -> String {
    format!(
        "Требования:\n- опыт от {} лет, участок {number}\n- смена {}",
        number % 7,
        number % 24
    )
}

/// Everything that a result holds, floats by their bits.
fn bits(sections: &VacancySections) -> Vec<(String, [u32; 5], [u32; 5], bool)> {
    let bits = |p: vacancy_sections::Probabilities| p.to_array().map(f32::to_bits);
    sections
        .fragments
        .iter()
        .map(|f| {
            let alone = bits(f.prediction.probabilities);
            (f.text.clone(), bits(f.probabilities), alone, f.heading)
        })
        .collect()
}

#[test]
fn threads_give_the_same_bits_as_one_after_another() {
    let classifier = Arc::new(classifier());
    let serial: Vec<_> = (0..VACANCIES)
        .map(|number| bits(&classifier.classify_vacancy(&vacancy(number)).unwrap()))
        .collect();
    let serial = Arc::new(serial);
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (classifier, serial) = (Arc::clone(&classifier), Arc::clone(&serial));
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                for number in (thread..VACANCIES).step_by(THREADS) {
                    let sections = classifier.classify_vacancy(&vacancy(number)).unwrap();
                    assert_eq!(bits(&sections), serial[number], "vacancy {number}");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }

    let bulk = classifier.classify_vacancies((0..VACANCIES).map(|n| Posting::Plain(vacancy(n))));
    for (number, sections) in bulk.threads(THREADS).enumerate() {
        assert_eq!(bits(&sections.unwrap()), serial[number], "vacancy {number}");
    }
}

/// Every owner but the threads lets go while they run; the last one frees the model.
#[test]
fn a_classifier_is_dropped_while_others_run() {
    let first = classifier();
    let expected = bits(&first.classify_vacancy(&vacancy(5)).unwrap());
    let start = Arc::new(Barrier::new(THREADS + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (own, start) = (first.clone(), Arc::clone(&start));
            let expected = expected.clone();
            thread::spawn(move || {
                start.wait();
                for _ in 0..=thread % 8 {
                    assert_eq!(bits(&own.classify_vacancy(&vacancy(5)).unwrap()), expected);
                }
            })
        })
        .collect();
    start.wait();
    drop(first);
    for thread in threads {
        thread.join().unwrap();
    }
}

/// An iterator of results that is left in the middle ends its threads.
#[test]
fn bulk_work_is_left_in_the_middle() {
    let classifier = classifier();
    let mut bulk = classifier
        .classify_vacancies((0..VACANCIES).map(|n| Posting::Plain(vacancy(n))))
        .threads(THREADS);
    assert!(bulk.next().is_some_and(|result| result.is_ok()));
    drop(classifier);
    drop(bulk);
}

#[cfg(feature = "embedded-model")]
#[test]
fn the_shared_classifier_is_built_once() {
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                std::ptr::from_ref(SectionClassifier::shared().unwrap()) as usize
            })
        })
        .collect();
    let mut places: Vec<usize> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    places.dedup();
    assert_eq!(places.len(), 1, "{places:?}");
}
