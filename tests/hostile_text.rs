//! Texts made to break something: right, or refused with the limit named, and never shown in an error.

#![cfg(feature = "testing")]

use vacancy_sections::testing::{MockSession, WordEncoder};
use vacancy_sections::{
    Aggregator, Decision, Encoder, Encoding, Error, MajorityVote, Probabilities, Result,
    ScoredFragment, SectionClassifier, VacancySections, Window,
};

const LEN: usize = 16;

fn builder() -> vacancy_sections::ClassifierBuilder {
    SectionClassifier::builder()
        .session(MockSession::new(LEN, |ids| {
            [ids.len() as f32, 0.0, 1.0, 0.0, 0.5]
        }))
        .encoder(WordEncoder::new(LEN))
}

fn classifier() -> SectionClassifier {
    builder().aggregator(MajorityVote).build().unwrap()
}

fn sums_to_one(probabilities: Probabilities) {
    let sum: f64 = probabilities.to_array().map(f64::from).iter().sum();
    assert!((sum - 1.0).abs() <= 1e-6, "{probabilities:?}");
}

/// Fragments ascend, fit the source, and hold what the source has but white space and marks.
fn fits(sections: &VacancySections, source: &str) {
    let mut end = 0;
    for fragment in &sections.fragments {
        assert!(!fragment.text.is_empty());
        assert!(fragment.span.start >= end && fragment.span.slice(source).is_some());
        end = fragment.span.end;
        sums_to_one(fragment.probabilities);
    }
}

#[test]
fn odd_texts_are_structured() {
    let classifier = classifier();
    let odd = [
        "\u{301}\u{301}\u{345}",
        "\u{200d}\u{200d}",
        "\u{202e}тыпО\u{202c} от 3 лет\u{2066}x",
        "\0\u{1}\u{7f}\u{1b}[31mОпыт",
        "а\rб\r\nв\u{2028}г\u{2029}д\u{85}е",
        "\u{feff}\u{feff}",
        "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}",
        "\\ud83d\\ude00 &#xd800; &#x110000; &#0;",
        "👨‍👩‍👧‍👦🏳️‍🌈🇷🇺",
        "á̶̧͚͈̥̭̠ ̴̢̛z̷͔̈́a̸l̷g̸o̵",
        "\u{1d}\u{1e}\u{1f}",
        "<<<<>>>>&&&&;;;;",
    ];
    for text in odd {
        fits(&classifier.classify_vacancy(text).unwrap(), text);
        #[cfg(feature = "html")]
        fits(&classifier.classify_vacancy_html(text).unwrap(), text);
    }
    let lines = classifier
        .classify_vacancy("а\rб\r\nв\u{2028}г\u{2029}д\u{85}е")
        .unwrap();
    let texts: Vec<&str> = lines.fragments.iter().map(|f| f.text.as_str()).collect();
    assert_eq!(texts, ["а", "б", "в", "г", "д", "е"]);
}

#[test]
fn a_million_of_the_same_character_is_structured() {
    let classifier = classifier();
    for piece in [
        "а", "\u{301}", ".", " ", "\n", "•", "-", "1", "🙂", "(", "\u{200d}", "\"", ":",
    ] {
        let text = piece.repeat(1_000_000);
        fits(&classifier.classify_vacancy(&text).unwrap(), &text);
    }
}

#[test]
fn a_million_lines_are_a_million_fragments() {
    let text = "ДМС\n".repeat(1_000_000);
    let sections = classifier().classify_vacancy(&text).unwrap();
    assert_eq!(sections.fragments.len(), 1_000_000);
    assert_eq!(sections.fragments[999_999].span.slice(&text), Some("ДМС"));
}

#[cfg(feature = "html")]
#[test]
fn a_hundred_thousand_nested_tags_are_structured() {
    let classifier = classifier();
    for tag in [
        "div",
        "b",
        "ul><li",
        "pre",
        "template",
        "table><tr><td",
        "h2",
        "svg",
    ] {
        let open = format!("<{tag}>").repeat(100_000);
        let text = format!("{open}Опыт от 3 лет");
        let sections = classifier.classify_vacancy_html(&text).unwrap();
        let expected = usize::from(tag != "template");
        assert_eq!(sections.fragments.len(), expected, "{tag}");
        fits(&sections, &text);
    }
    for broken in [
        "<",
        "</",
        "<!--",
        "<a b=\"",
        "&",
        "&#",
        "<![CDATA[",
        "</p",
        "<script>",
    ] {
        let text = broken.repeat(100_000);
        fits(&classifier.classify_vacancy_html(&text).unwrap(), &text);
    }
}

#[test]
fn fifty_megabytes_in_one_line_are_refused_with_the_limit() {
    let text = "слово ".repeat(50_000_000 / 11);
    let found = text.len();
    let is_too_long = |result: Result<VacancySections>| matches!(result, Err(Error::TextTooLong { found: f, limit: 16_777_216 }) if f == found);
    let classifier = classifier();
    assert!(is_too_long(classifier.classify_vacancy(&text)));
    #[cfg(feature = "html")]
    assert!(is_too_long(classifier.classify_vacancy_html(&text)));
    let error = classifier.classify_fragment(&text).unwrap_err();
    let message = error.to_string();
    assert_eq!(
        message,
        format!("the text has {found} bytes: expected at most 16777216")
    );
}

#[test]
fn logits_that_are_no_numbers_are_an_error_that_names_the_fragment() {
    let poison = WordEncoder::new(LEN).id("яд");
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let session = MockSession::new(LEN, move |ids| {
            let bad = ids.contains(&poison);
            [0.0, if bad { value } else { 1.0 }, 0.0, 0.0, 0.0]
        });
        let classifier = SectionClassifier::builder()
            .session(session)
            .encoder(WordEncoder::new(LEN))
            .build()
            .unwrap();
        let texts = ["мёд", "мёд", "сок и яд", "мёд"];
        let error = classifier.classify_fragments(&texts).unwrap_err();
        assert!(
            matches!(error, Error::NonFiniteLogits { index: 2, .. }),
            "{error}"
        );
        let error = classifier.classify_vacancy(&texts.join("\n")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("logits of fragment 2 are not finite"),
            "{error}"
        );
        assert!(classifier.classify_vacancy("мёд").is_ok());
    }
}

#[test]
fn the_largest_logits_do_not_overflow() {
    for logits in [
        [f32::MAX, f32::MIN, 0.0, f32::MAX, f32::MIN_POSITIVE],
        [f32::MIN; 5],
        [f32::MAX; 5],
        [1e-45, -1e-45, 0.0, -0.0, 88.8],
        [700.0, 710.0, 720.0, -700.0, -1e30],
    ] {
        sums_to_one(Probabilities::from_logits(logits).unwrap());
    }
}

/// A word that stands nowhere but in the vacancy.
const SECRET: &str = "Тайнослов";

struct Refuses;

impl Encoder for Refuses {
    fn encode(&self, _: &str) -> Result<Encoding> {
        Ok(Encoding::new(vec![Window::new(vec![2; LEN + 1])]))
    }
    fn max_seq_len(&self) -> usize {
        LEN
    }
    fn vocab_size(&self) -> usize {
        8
    }
    fn pad_id(&self) -> i32 {
        0
    }
}

struct Forgets;

impl Aggregator for Forgets {
    fn aggregate(&self, _: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        Ok(Vec::new())
    }
}

struct Panics;

impl Aggregator for Panics {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let decisions: [Decision; 0] = [];
        Ok(vec![decisions[fragments.len()]])
    }
}

struct Oversteps;

impl vacancy_sections::Chunker for Oversteps {
    fn chunk(&self, block: &str) -> Vec<vacancy_sections::Span> {
        vec![vacancy_sections::Span::new(1, block.len() + 7)]
    }
}

/// The library writes no log of its own; what its dependencies log is caught here, at every level.
struct Caught;

static LOG: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

impl log::Log for Caught {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let mut log = LOG.lock().unwrap();
        log.push_str(&format!("{} {}\n", record.target(), record.args()));
    }
    fn flush(&self) {}
}

#[test]
fn logs_and_errors_never_hold_the_text() {
    log::set_logger(&Caught).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    log::trace!("the logger is in place");

    let text = format!("{SECRET}: {SECRET} от 3 лет\n- {SECRET}\0\u{301}");
    let nan = MockSession::new(LEN, |_| [f32::NAN; 5]);
    let classifiers = [
        builder().max_text_bytes(8).build(),
        builder().encoder(Refuses).build(),
        builder().aggregator(Forgets).build(),
        builder().chunker(Oversteps).build(),
        SectionClassifier::builder()
            .session(nan)
            .encoder(WordEncoder::new(LEN))
            .build(),
    ];
    let mut messages = String::new();
    for classifier in classifiers {
        let classifier = classifier.unwrap();
        let error = classifier.classify_vacancy(&text).unwrap_err();
        messages.push_str(&format!("{error} {error:?} {classifier:?}\n"));
        for result in classifier.classify_vacancies([text.as_str()]).threads(2) {
            let error = result.unwrap_err();
            messages.push_str(&format!("{error} {error:?}\n"));
        }
    }
    let panics = builder().aggregator(Panics).build().unwrap();
    for result in panics.classify_vacancies([text.as_str()]).threads(1) {
        let error = result.unwrap_err();
        messages.push_str(&format!("{error} {error:?}\n"));
    }
    #[cfg(feature = "embedded-model")]
    {
        use vacancy_sections::Overflow;
        let strict = SectionClassifier::builder()
            .overflow(Overflow::Error)
            .build()
            .unwrap();
        let long = format!("{SECRET} ").repeat(200);
        let error = strict.classify_fragment(&long).unwrap_err();
        messages.push_str(&format!("{error} {error:?} {strict:?}\n"));
        let sections = strict.classify_vacancy(SECRET).unwrap();
        assert!(sections.fragments[0].text.contains(SECRET));
    }
    assert!(messages.lines().count() >= 11, "{messages}");
    let log = LOG.lock().unwrap();
    assert!(log.contains("the logger is in place"));
    for word in [SECRET, &SECRET.to_lowercase(), "тайно"] {
        assert!(!messages.contains(word), "{messages}");
        assert!(!log.contains(word), "{log}");
    }
}
