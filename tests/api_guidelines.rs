//! What the compiler can tell of docs/api-guidelines.md.

#![cfg(all(
    feature = "embedded-model",
    feature = "html",
    feature = "serde",
    feature = "unicode"
))]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use vacancy_sections::{
    Aggregator, Backend, BackendInfo, Block, BlockKind, Bulk, Chunker, ClassifierBuilder,
    ComputeUnits, CoreMlOptions, Decision, Document, DocumentOptions, Encoder, Encoding, Error,
    Fragment, Heading, LabelSource, MajorityVote, MlPackage, ModelCache, ModelSpec, Overflow,
    Passage, PortableSession, Posting, Prediction, Probabilities, Probe, RazdelChunker,
    ScoredFragment, Section, SectionClassifier, SequenceAggregator, Session, SessionInputs, Span,
    TensorSpec, TensorType, UnicodeChunker, VacancySections, Window, WordPieceEncoder, api,
};

fn thread_safe<T: Debug + Send + Sync>() {}
fn data<T: Debug + Clone + PartialEq + Send + Sync>() {}
fn named<T: Display + FromStr<Err = Error>>() {}
fn kept<T: serde::Serialize + serde::de::DeserializeOwned>() {}

#[test]
fn types_have_the_common_traits() {
    thread_safe::<SectionClassifier>();
    thread_safe::<ClassifierBuilder>();
    thread_safe::<Error>();
    thread_safe::<MlPackage>();
    thread_safe::<PortableSession>();
    thread_safe::<WordPieceEncoder>();
    fn send<T: Debug + Send>() {}
    send::<Bulk<std::vec::IntoIter<String>>>();

    data::<Backend>();
    data::<BackendInfo>();
    data::<Block>();
    data::<BlockKind>();
    data::<ComputeUnits>();
    data::<CoreMlOptions>();
    data::<Decision>();
    data::<Document>();
    data::<DocumentOptions>();
    data::<Encoding>();
    data::<Fragment>();
    data::<Heading>();
    data::<LabelSource>();
    data::<MajorityVote>();
    data::<ModelCache>();
    data::<ModelSpec>();
    data::<Overflow>();
    data::<Passage>();
    data::<Posting>();
    data::<Prediction>();
    data::<Probabilities>();
    data::<Probe>();
    data::<RazdelChunker>();
    data::<ScoredFragment<'_>>();
    data::<Section>();
    data::<SequenceAggregator>();
    data::<SessionInputs<'_>>();
    data::<Span>();
    data::<TensorSpec>();
    data::<TensorType>();
    data::<UnicodeChunker>();
    data::<VacancySections>();
    data::<Window>();
    data::<api::Vacancy>();

    named::<Backend>();
    named::<ComputeUnits>();
    named::<Overflow>();
    named::<Section>();

    kept::<VacancySections>();
    kept::<Prediction>();
    kept::<api::Vacancy>();
}

#[test]
fn stages_are_objects_and_pass_through_pointers() {
    fn chunker(_: impl Chunker) {}
    fn encoder<T: Encoder>() {}
    fn session<T: Session>() {}
    fn aggregator(_: impl Aggregator) {}
    let boxed: Box<dyn Chunker> = Box::new(RazdelChunker);
    chunker(&boxed);
    chunker(boxed);
    encoder::<Box<dyn Encoder>>();
    encoder::<std::sync::Arc<dyn Encoder>>();
    session::<Box<dyn Session>>();
    session::<&dyn Session>();
    aggregator(std::sync::Arc::new(MajorityVote) as std::sync::Arc<dyn Aggregator>);
}

#[test]
fn names_are_read_as_they_are_written() {
    for section in Section::ALL {
        assert_eq!(section.to_string().parse::<Section>().unwrap(), section);
    }
    for overflow in [Overflow::Split, Overflow::Truncate, Overflow::Error] {
        assert_eq!(overflow.to_string().parse::<Overflow>().unwrap(), overflow);
    }
    let units = ComputeUnits::CpuAndGpu;
    for backend in [Backend::Auto, Backend::Portable, Backend::CoreMl(units)] {
        assert_eq!(backend.to_string().parse::<Backend>().unwrap(), backend);
    }
    let error = "gpu".parse::<Backend>().unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown backend `gpu`: expected auto, portable, coreml or coreml:UNITS"
    );
    let error = "coreml:TPU".parse::<Backend>().unwrap_err().to_string();
    assert!(error.starts_with("unknown compute units `tpu`"), "{error}");
}

#[test]
fn sections_are_iterated_in_order_with_all_their_passages() {
    let text = "Обязанности:\n- Печь хлеб на закваске\nМы предлагаем:\n- ДМС\n- Обеды";
    let sections = SectionClassifier::shared()
        .unwrap()
        .classify_vacancy(text)
        .unwrap();
    let borrowed: Vec<_> = sections.iter().map(|(s, p)| (s, p.to_vec())).collect();
    for ((section, passages), expected) in sections.iter().zip(Section::ALL) {
        assert_eq!(section, expected);
        assert_eq!(passages, sections.passages(section));
        assert_eq!(passages, &sections[section]);
    }
    assert_eq!(sections.terms.len(), 2);
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), borrowed);
}
