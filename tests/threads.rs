//! Threads that a call starts end with it, and no pool is filled on the side: libraries below this
//! crate link rayon, whose global pool, once touched, stays until the process ends.
//!
//! The only test of its program, so that no thread belongs to another one.

#![cfg(all(target_os = "linux", feature = "embedded-model"))]

use std::collections::BTreeSet;
use std::time::Duration;
use std::{fs, thread};

use vacancy_sections::SectionClassifier;

/// The threads of this process, by the kernel's numbers.
fn threads() -> BTreeSet<String> {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Threads that are not among these. One that was joined may be listed for another moment.
fn left(before: &BTreeSet<String>) -> BTreeSet<String> {
    let mut new = BTreeSet::new();
    for _ in 0..100 {
        new = &threads() - before;
        if new.is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    new
}

fn vacancy(number: usize) -> String {
    format!(
        "Обязанности:\n- Вести участок {number} склада\n- Принимать товар\nТребования:\n\
         - Опыт от {number} лет\nУсловия:\n- График 2/2 😀 क्षेत्र\n- Оклад {number}0 000 рублей"
    )
}

#[test]
fn no_thread_outlives_its_call() {
    let before = threads();

    let one = SectionClassifier::embedded().unwrap();
    let expected = one.classify_vacancy(&vacancy(1)).unwrap();
    assert_eq!(left(&before), BTreeSet::new(), "a call without threads");

    let two = SectionClassifier::builder().threads(2).build().unwrap();
    assert_eq!(two.classify_vacancy(&vacancy(1)).unwrap(), expected);
    assert_eq!(left(&before), BTreeSet::new(), "two threads in a call");

    let mut bulk = one.classify_vacancies((0..200).map(vacancy)).threads(2);
    assert!(bulk.next().is_some_and(|found| found.is_ok()));
    let during = &threads() - &before;
    assert_eq!(during.len(), 2, "two threads for vacancies: {during:?}");
    assert_eq!(bulk.by_ref().filter(|found| found.is_ok()).count(), 199);
    drop(bulk);
    assert_eq!(left(&before), BTreeSet::new(), "two threads for vacancies");
}
