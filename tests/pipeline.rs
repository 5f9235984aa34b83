//! The stages together, without weights: scripted session, hashed words.

#![cfg(feature = "testing")]

use std::sync::Arc;

use vacancy_sections::testing::{MockSession, WordEncoder};
use vacancy_sections::{
    Aggregator, Chunker, ClassifierBuilder, Decision, Document, Error, MajorityVote, Result,
    ScoredFragment, Section, SectionClassifier, Session, Span,
};

const LEN: usize = 8;

/// The words that decide, and the section that they decide for.
const WORDS: [(&str, Section); 5] = [
    ("писать", Section::Responsibilities),
    ("опыт", Section::Requirements),
    ("дмс", Section::Terms),
    ("компания", Section::Notes),
    ("звоните", Section::Junk),
];

fn logits(ids: &[i32]) -> [f32; 5] {
    let encoder = WordEncoder::new(LEN);
    let mut logits = [0.0; 5];
    for (word, section) in WORDS {
        if ids.contains(&encoder.id(word)) {
            logits[section.id()] = 8.0;
        }
    }
    logits
}

fn builder_on(session: impl Session + 'static) -> ClassifierBuilder {
    SectionClassifier::builder()
        .session(session)
        .encoder(WordEncoder::new(LEN))
}

/// With the vote, whose outcome can be told from the words alone.
fn classifier_on(session: impl Session + 'static) -> SectionClassifier {
    let builder = builder_on(session).aggregator(MajorityVote);
    builder.build().unwrap()
}

fn classifier() -> SectionClassifier {
    classifier_on(MockSession::new(LEN, logits))
}

#[test]
fn a_classifier_can_be_shared_between_threads() {
    fn assert_shareable<T: Send + Sync + Clone + 'static>() {}
    assert_shareable::<SectionClassifier>();
}

#[test]
fn a_vacancy_is_structured_and_every_span_points_into_the_source() {
    let source = "Наша компания растёт.\n\nЧто делать:\n • писать код\n • писать тесты. Звоните !\n\
                  1) опыт от 3 лет\nДМС\nЗвоните";
    let sections = classifier().classify_vacancy(source).unwrap();
    let texts = |section: Section| -> Vec<&str> {
        let passages = sections.passages(section);
        passages.iter().map(|p| p.text.as_str()).collect()
    };
    // "Что делать:" has no word that decides: even logits go to the lowest id.
    assert_eq!(
        texts(Section::Responsibilities),
        ["Что делать:", "писать код", "писать тесты. Звоните !"]
    );
    assert_eq!(texts(Section::Requirements), ["опыт от 3 лет"]);
    assert_eq!(texts(Section::Terms), ["ДМС"]);
    assert_eq!(texts(Section::Notes), ["Наша компания растёт."]);
    assert_eq!(texts(Section::Junk), ["Звоните"]);
    assert_eq!(sections.fragments.len(), 8);
    for fragment in &sections.fragments {
        assert_eq!(fragment.span.slice(source), Some(fragment.text.as_str()));
    }
    for section in Section::ALL {
        for passage in sections.passages(section) {
            assert_eq!(passage.span.slice(source), Some(passage.text.as_str()));
            let fragments = &sections.fragments[passage.fragments.clone()];
            assert!(
                fragments
                    .iter()
                    .all(|f| f.block == passage.block && f.section == section)
            );
        }
    }
}

#[test]
fn the_vote_of_the_block_moves_a_fragment_and_its_own_prediction_stays() {
    let sections = classifier()
        .classify_vacancy("Писать код. Опыт есть. Писать тесты.")
        .unwrap();
    let own: Vec<_> = sections
        .fragments
        .iter()
        .map(|f| f.prediction.section)
        .collect();
    let voted: Vec<_> = sections.fragments.iter().map(|f| f.section).collect();
    let (duty, skill) = (Section::Responsibilities, Section::Requirements);
    assert_eq!(own, [duty, skill, duty]);
    assert_eq!(voted, [duty; 3]);
    assert_eq!(sections.responsibilities.len(), 1);
}

#[test]
fn nothing_gives_nothing() {
    for blank in ["", " \n\u{a0}\t\r\n", "\u{200b}"] {
        assert!(classifier().classify_vacancy(blank).unwrap().is_empty());
    }
    assert_eq!(classifier().classify_fragments::<&str>(&[]).unwrap(), []);
}

#[test]
fn a_blank_fragment_is_an_error_that_names_it() {
    for blank in ["", "  ", "\u{a0}\n", "\u{1c}"] {
        let error = classifier()
            .classify_fragments(&["опыт", blank])
            .unwrap_err();
        assert!(
            matches!(error, Error::BlankFragment { index: 1 }),
            "{error}"
        );
    }
}

#[test]
fn a_long_fragment_is_split_and_its_windows_weigh_by_length() {
    // Windows of 6 words: [дмс + 5 others] and [опыт].
    let prediction = classifier()
        .classify_fragment("дмс а б в г д опыт")
        .unwrap();
    assert_eq!(prediction.windows, 2);
    let sure = f64::exp(8.0) / (f64::exp(8.0) + 4.0);
    let expected = (6.0 * sure + (1.0 - sure) / 4.0) / 7.0;
    assert!((f64::from(prediction.probabilities[Section::Terms]) - expected).abs() < 1e-6);
    assert_eq!(prediction.section, Section::Terms);
}

#[test]
fn batches_are_bounded_and_order_is_kept() {
    let session = Arc::new(MockSession::new(LEN, logits));
    let classifier = classifier_on(Arc::clone(&session));
    let texts: Vec<&str> = (0..1000).map(|i| WORDS[i % 5].0).collect();
    let predictions = classifier.classify_fragments(&texts).unwrap();
    for (index, prediction) in predictions.iter().enumerate() {
        assert_eq!(prediction.section, WORDS[index % 5].1);
    }
    assert!(session.calls().iter().all(|rows| *rows <= 64));
    assert_eq!(session.calls().iter().sum::<usize>(), 1000);
}

#[test]
fn one_huge_fragment_is_run_in_bounded_batches() {
    let session = Arc::new(MockSession::new(LEN, logits));
    let prediction = classifier_on(Arc::clone(&session))
        .classify_fragment(&"дмс ".repeat(6 * 1000))
        .unwrap();
    assert_eq!(
        (prediction.windows, prediction.section),
        (1000, Section::Terms)
    );
    assert!(session.calls().iter().all(|rows| *rows <= 64));
}

#[test]
fn columns_are_read_in_the_order_that_the_session_announces() {
    let mut labels = Section::ALL;
    labels.rotate_left(2);
    let session = MockSession::new(LEN, |_| [0.0, 0.0, 0.0, 9.0, 0.0]).with_labels(labels);
    let prediction = classifier_on(session).classify_fragment("x").unwrap();
    assert_eq!(prediction.section, labels[3]);
}

#[test]
fn logits_that_are_no_numbers_name_the_fragment() {
    let id = WordEncoder::new(LEN).id("опыт");
    let session = MockSession::new(LEN, move |ids| {
        if ids.contains(&id) {
            [0.0, f32::NAN, 0.0, 0.0, 0.0]
        } else {
            [0.0; 5]
        }
    });
    let error = classifier_on(session)
        .classify_fragments(&["а", "б", "опыт"])
        .unwrap_err();
    assert!(
        matches!(error, Error::NonFiniteLogits { index: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_failing_session_is_heard() {
    let session = MockSession::fallible(LEN, |_| Err(Error::stage("session", "unplugged")));
    let error = classifier_on(session).classify_fragment("x").unwrap_err();
    assert_eq!(error.to_string(), "session: unplugged");
}

#[test]
fn a_text_beyond_the_limit_is_refused() {
    let classifier = SectionClassifier::builder()
        .session(MockSession::new(LEN, logits))
        .encoder(WordEncoder::new(LEN))
        .max_text_bytes(10)
        .build()
        .unwrap();
    for error in [
        classifier.classify_vacancy("0123456789a").unwrap_err(),
        classifier.classify_fragment("0123456789a").unwrap_err(),
    ] {
        assert!(
            matches!(
                error,
                Error::TextTooLong {
                    found: 11,
                    limit: 10
                }
            ),
            "{error}"
        );
    }
    assert!(classifier.classify_vacancy("0123456789").is_ok());
}

#[test]
fn encoder_and_session_must_fit() {
    let error = SectionClassifier::builder()
        .session(MockSession::new(4, logits))
        .encoder(WordEncoder::new(8))
        .build()
        .unwrap_err();
    assert!(matches!(error, Error::Builder { .. }), "{error}");
}

/// Returns the spans that it was given.
struct Scripted(Vec<Span>);

impl Chunker for Scripted {
    fn chunk(&self, _: &str) -> Vec<Span> {
        self.0.clone()
    }
}

#[test]
fn a_chunker_that_breaks_its_contract_is_refused() {
    let cases = [
        ("beyond the block", vec![Span::new(0, 99)]),
        ("inside a character", vec![Span::new(0, 1)]),
        ("backwards", vec![Span::new(4, 2)]),
        ("overlapping", vec![Span::new(0, 4), Span::new(2, 6)]),
        ("blank", vec![Span::new(4, 5)]),
        ("empty", vec![Span::new(2, 2)]),
    ];
    for (what, spans) in cases {
        let classifier = SectionClassifier::builder()
            .session(MockSession::new(LEN, logits))
            .encoder(WordEncoder::new(LEN))
            .chunker(Scripted(spans))
            .build()
            .unwrap();
        let error = classifier.classify_vacancy("x\nаб вг").unwrap_err();
        assert!(
            matches!(error, Error::InvalidChunk { .. }),
            "{what}: {error}"
        );
    }
}

/// Decides for one fragment less than it is given.
struct Forgetful;

impl Aggregator for Forgetful {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let kept = fragments.iter().skip(1);
        Ok(kept
            .map(|f| Decision::new(Section::Notes, f.probabilities))
            .collect())
    }
}

#[test]
fn an_aggregator_that_forgets_a_fragment_is_refused() {
    let classifier = SectionClassifier::builder()
        .session(MockSession::new(LEN, logits))
        .encoder(WordEncoder::new(LEN))
        .aggregator(Forgetful)
        .build()
        .unwrap();
    let error = classifier.classify_vacancy("опыт\nдмс").unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn a_document_can_be_built_once_and_classified_often() {
    let document = Document::from_plain("опыт\nдмс");
    let classifier = classifier();
    assert_eq!(
        classifier.classify_document(&document).unwrap(),
        classifier.clone().classify_document(&document).unwrap()
    );
}

#[test]
fn ten_megabytes_in_one_line_are_structured() {
    let text = "опыт ".repeat(10_000_000 / "опыт ".len());
    let sections = classifier().classify_vacancy(&text).unwrap();
    assert_eq!(sections.requirements.len(), 1);
}

/// Calls what ends with a colon a heading.
struct Colons;

impl Aggregator for Colons {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let decide = |f: &ScoredFragment<'_>| {
            let mut decision = Decision::new(f.probabilities.best(), f.probabilities);
            decision.heading = f.text.ends_with(':');
            decision
        };
        Ok(fragments.iter().map(decide).collect())
    }
}

#[test]
fn headings_stand_apart_and_passages_name_the_one_that_introduced_them() {
    let source = "компания\nопыт :\n- опыт от 3 лет\n- дмс\n- опыт с SQL\nдмс :\nдмс . Писать код";
    let session = MockSession::new(LEN, logits);
    let classifier = builder_on(session).aggregator(Colons).build().unwrap();
    let sections = classifier.classify_vacancy(source).unwrap();
    let headings: Vec<_> = sections
        .headings
        .iter()
        .map(|h| (h.text.as_str(), h.section))
        .collect();
    assert_eq!(
        headings,
        [("опыт :", Section::Requirements), ("дмс :", Section::Terms)]
    );
    for heading in &sections.headings {
        assert_eq!(heading.span.slice(source), Some(heading.text.as_str()));
        assert!(
            sections.fragments[heading.fragments.clone()]
                .iter()
                .all(|f| f.heading)
        );
    }
    let introduced = |section: Section| -> Vec<(&str, Option<usize>)> {
        let passages = sections.passages(section);
        passages
            .iter()
            .map(|p| (p.text.as_str(), p.heading))
            .collect()
    };
    assert_eq!(introduced(Section::Notes), [("компания", None)]);
    assert_eq!(
        introduced(Section::Requirements),
        [("опыт от 3 лет", Some(0)), ("опыт с SQL", Some(0))]
    );
    // The benefit among the requirements was not introduced by their heading.
    assert_eq!(
        introduced(Section::Terms),
        [("дмс", None), ("дмс .", Some(1))]
    );
    assert_eq!(
        introduced(Section::Responsibilities),
        [("Писать код", None)]
    );
}

#[test]
fn the_default_aggregator_reads_the_vacancy_as_a_whole() {
    let builder = builder_on(MockSession::new(LEN, logits));
    let sections = builder
        .build()
        .unwrap()
        .classify_vacancy("Мы предлагаем ДМС:\n- английский и спорт\n- ДМС")
        .unwrap();
    assert_eq!(sections.headings.len(), 1);
    assert_eq!(sections.terms.len(), 2);
}

#[test]
fn a_junk_threshold_belongs_to_the_default_aggregator() {
    let builder = || builder_on(MockSession::new(LEN, logits)).junk_threshold(0.0);
    let sections = builder().build().unwrap().classify_vacancy("дмс").unwrap();
    assert_eq!(sections.orphans.len(), 1);
    let error = builder().aggregator(MajorityVote).build().unwrap_err();
    assert!(matches!(error, Error::Builder { .. }), "{error}");
}
