//! Vacancies of the hh.ru API: the fixtures were written for these tests in the API's shape.

#![cfg(all(feature = "serde", feature = "html", feature = "testing"))]

use vacancy_sections::api::Vacancy;
use vacancy_sections::testing::{MockSession, WordEncoder};
use vacancy_sections::{Error, MajorityVote, SectionClassifier, VacancySections};

const LEN: usize = 16;

fn vacancy(json: &str) -> Vacancy {
    serde_json::from_str(json).unwrap()
}

fn full() -> Vacancy {
    vacancy(include_str!("data/api/vacancy.json"))
}

fn search_item() -> Vacancy {
    vacancy(include_str!("data/api/search_item.json"))
}

fn odd() -> Vacancy {
    vacancy(include_str!("data/api/odd.json"))
}

/// Fragments with one of these words are told apart, so that a result can be seen to be the text's.
fn classifier() -> SectionClassifier {
    let words = ["писать", "опыт", "дмс", "компания"];
    let logits = move |ids: &[i32]| {
        let encoder = WordEncoder::new(LEN);
        let mut logits = [0.0, 0.0, 0.0, 0.0, 1.0];
        for (section, word) in words.into_iter().enumerate() {
            if ids.contains(&encoder.id(word)) {
                logits[section] = 8.0;
            }
        }
        logits
    };
    SectionClassifier::builder()
        .session(MockSession::new(LEN, logits))
        .encoder(WordEncoder::new(LEN))
        .aggregator(MajorityVote)
        .max_text_bytes(1 << 16)
        .build()
        .unwrap()
}

fn fragments(sections: &VacancySections) -> Vec<&str> {
    sections.fragments.iter().map(|f| f.text.as_str()).collect()
}

#[test]
fn a_full_vacancy_is_read() {
    let vacancy = full();
    assert_eq!(vacancy.id, "90000001");
    assert_eq!(vacancy.name, "Пекарь-технолог");
    assert_eq!(vacancy.employer.id, "777");
    assert_eq!(vacancy.employer.name, "Тёплый хлеб");
    let skills: Vec<_> = vacancy.key_skills.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(skills, ["Ржаное тесто", "Техкарты"]);
    let salary = vacancy.salary.as_ref().unwrap();
    assert_eq!((salary.from, salary.to), (Some(85000.0), None));
    assert_eq!(vacancy.experience.as_ref().unwrap().id, "between1And3");
    assert_eq!(vacancy.schedule.as_ref().unwrap().name, "Сменный график");
    assert_eq!(vacancy.html(), vacancy.description.as_deref().unwrap());
}

#[test]
fn null_and_missing_fields_are_defaults() {
    let vacancy = odd();
    assert_eq!(vacancy.id, "90000003");
    assert_eq!(vacancy.name, "");
    assert!(vacancy.key_skills.is_empty());
    assert_eq!(self::vacancy("{}"), Vacancy::default());
    assert_eq!(self::vacancy(r#"{"id": null}"#), Vacancy::default());
    let large = self::vacancy(r#"{"id": 18446744073709551615, "employer": {"id": -1}}"#);
    assert_eq!(large.id, "18446744073709551615");
    assert_eq!(large.employer.id, "-1");
}

#[test]
fn what_is_no_vacancy_is_refused() {
    for json in [
        "7",
        r#"{"id": [1]}"#,
        r#"{"id": 1.5}"#,
        r#"{"description": 5}"#,
    ] {
        assert!(serde_json::from_str::<Vacancy>(json).is_err(), "{json}");
    }
}

#[test]
fn writing_and_reading_a_vacancy_changes_nothing() {
    for vacancy in [full(), search_item(), odd()] {
        let json = serde_json::to_string(&vacancy).unwrap();
        assert_eq!(self::vacancy(&json), vacancy);
    }
}

#[test]
fn the_description_is_classified() {
    let vacancy = full();
    let sections = classifier().classify_api_vacancy(&vacancy).unwrap();
    assert_eq!(
        fragments(&sections),
        [
            "Обязанности:",
            "писать рецептуры хлеба на закваске;",
            "следить за расстойкой.",
            "Условия:",
            "ДМС & обеды."
        ]
    );
    assert_eq!(sections.responsibilities.len(), 1);
    assert_eq!(sections.terms[0].text, "ДМС & обеды.");
    let html = vacancy.html();
    let span = sections.fragments[2].span;
    assert_eq!(
        span.slice(&html),
        Some("следить за&nbsp;<em>расстойкой</em>.")
    );
}

#[test]
fn without_a_description_the_snippet_is_classified() {
    let vacancy = search_item();
    let sections = classifier().classify_api_vacancy(&vacancy).unwrap();
    assert_eq!(
        fragments(&sections),
        [
            "Писать отчёты о продажах <булочек>.",
            "Опыт с SQL от 3 лет.",
            "Знание R&D..."
        ]
    );
    assert_eq!(
        sections.requirements[0].text,
        "Опыт с SQL от 3 лет. Знание R&D..."
    );
    let html = vacancy.html();
    assert_eq!(
        sections.fragments[1].span.slice(&html),
        Some("Опыт с <highlighttext>SQL</highlighttext> от 3 лет.")
    );
}

#[test]
fn a_blank_description_gives_way_to_the_branded_one() {
    let sections = classifier().classify_api_vacancy(&odd()).unwrap();
    assert_eq!(fragments(&sections), ["Наша компания печёт хлеб."]);
}

#[test]
fn a_vacancy_without_text_gives_an_empty_result() {
    let sections = classifier()
        .classify_api_vacancy(&Vacancy::default())
        .unwrap();
    assert!(sections.is_empty());
}

#[test]
fn a_description_beyond_the_limit_is_refused() {
    let mut vacancy = Vacancy::default();
    vacancy.description = Some("x".repeat((1 << 16) + 1));
    let error = classifier().classify_api_vacancy(&vacancy).unwrap_err();
    assert!(matches!(
        error,
        Error::TextTooLong {
            found: 65537,
            limit: 65536
        }
    ));
}
