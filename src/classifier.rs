//! The stages, put together.

mod builder;
mod bulk;
#[cfg(feature = "html")]
mod markup;
#[cfg(feature = "model")]
mod model;
mod score;

use std::fmt;
use std::sync::Arc;

pub use builder::ClassifierBuilder;
pub use bulk::{Bulk, Posting};

use crate::aggregate::{Aggregator, Decision, ScoredFragment};
use crate::chunk::Chunker;
use crate::document::{Block, Document, DocumentOptions};
use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::prediction::Prediction;
use crate::report::{Scored, VacancySections, assemble};
use crate::session::{BackendInfo, Session};
use crate::space::is_space;
use crate::span::Span;

/// Says which section a fragment of a vacancy belongs to, and structures whole vacancies.
///
/// Cheap to clone, and one instance serves any number of threads.
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::{Section, SectionClassifier};
///
/// let classifier = SectionClassifier::embedded()?;
/// let prediction = classifier.classify_fragment("Опыт работы с Python от 3 лет, знание Django")?;
/// assert_eq!(prediction.section, Section::Requirements);
/// # } Ok(()) }
/// ```
#[derive(Clone)]
pub struct SectionClassifier {
    stages: Arc<Stages>,
}

/// What a classifier is made of.
struct Stages {
    session: Arc<dyn Session>,
    encoder: Arc<dyn Encoder>,
    chunker: Arc<dyn Chunker>,
    aggregator: Arc<dyn Aggregator>,
    document: DocumentOptions,
    max_text_bytes: usize,
}

impl fmt::Debug for SectionClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SectionClassifier")
            .field("backend", &self.backend())
            .field("max_text_bytes", &self.stages.max_text_bytes)
            .finish_non_exhaustive()
    }
}

impl SectionClassifier {
    /// A classifier on the embedded model, with the default stages.
    ///
    /// Reading the model takes some milliseconds and its memory; [`shared`](Self::shared) does it
    /// once per process.
    ///
    /// # Errors
    ///
    /// When the embedded model cannot be run on this machine.
    ///
    /// ```
    /// let classifier = vacancy_sections::SectionClassifier::embedded()?;
    /// let prediction = classifier.classify_fragment("Разработка и поддержка сервисов на Rust")?;
    /// println!("{} {:.2}", prediction.section, prediction.margin);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[cfg(feature = "embedded-model")]
    pub fn embedded() -> Result<Self> {
        Self::builder().build()
    }

    /// The one embedded classifier of this process, built at the first call.
    ///
    /// # Errors
    ///
    /// As [`embedded`](Self::embedded); a later call tries again.
    ///
    /// ```
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let sections = SectionClassifier::shared()?.classify_vacancy("Мы предлагаем:\n- ДМС")?;
    /// assert_eq!(sections.fragments.len(), 2);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[cfg(feature = "embedded-model")]
    pub fn shared() -> Result<&'static Self> {
        static SHARED: once_cell::sync::OnceCell<SectionClassifier> =
            once_cell::sync::OnceCell::new();
        SHARED.get_or_try_init(Self::embedded)
    }

    /// A classifier on a model directory laid out as on the model card:
    /// `section_classifier.mlpackage`, `tokenizer.json`, `tokenizer_config.json`.
    ///
    /// # Errors
    ///
    /// When a file is missing, damaged, or does not match the others.
    ///
    /// ```
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    /// let classifier = SectionClassifier::from_dir(folder)?;
    /// assert!(SectionClassifier::from_dir("no/such/folder").is_err());
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[cfg(feature = "model")]
    pub fn from_dir(folder: impl Into<std::path::PathBuf>) -> Result<Self> {
        Self::builder().model_dir(folder).build()
    }

    /// Chooses the model and the stages one by one.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{MajorityVote, RazdelChunker, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder()
    ///     .chunker(RazdelChunker)
    ///     .aggregator(MajorityVote)
    ///     .build()?;
    /// # } Ok(()) }
    /// ```
    pub fn builder() -> ClassifierBuilder {
        ClassifierBuilder::new()
    }

    /// What runs the model, and why.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")]
    /// println!("{}", vacancy_sections::SectionClassifier::shared()?.backend());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn backend(&self) -> BackendInfo {
        self.stages.session.backend()
    }

    /// The section of one fragment, seen by itself.
    ///
    /// # Errors
    ///
    /// [`Error::BlankFragment`] for a blank text, [`Error::TextTooLong`] beyond the builder's limit;
    /// else when the encoder or the session fails.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Error, Section, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::shared()?;
    /// assert_eq!(classifier.classify_fragment("ДМС со стоматологией")?.section, Section::Terms);
    /// let error = classifier.classify_fragment(" \n").unwrap_err();
    /// assert!(matches!(error, Error::BlankFragment { .. }));
    /// # } Ok(()) }
    /// ```
    pub fn classify_fragment(&self, fragment: &str) -> Result<Prediction> {
        let mut predictions = self.classify_fragments(&[fragment])?;
        predictions.pop().ok_or_else(|| Error::Shape {
            what: "predictions",
            expected: "1".to_owned(),
            found: "0".to_owned(),
        })
    }

    /// The section of each fragment, seen by itself; one prediction per fragment, in order.
    ///
    /// # Errors
    ///
    /// As [`classify_fragment`](Self::classify_fragment); the error names the fragment's position.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let texts = ["Знание SQL", "Оклад от 200 000 рублей"];
    /// assert_eq!(SectionClassifier::shared()?.classify_fragments(&texts)?.len(), 2);
    /// # } Ok(()) }
    /// ```
    pub fn classify_fragments<S: AsRef<str>>(&self, fragments: &[S]) -> Result<Vec<Prediction>> {
        let fragments: Vec<&str> = fragments.iter().map(AsRef::as_ref).collect();
        for (position, fragment) in fragments.iter().enumerate() {
            self.check_length(fragment)?;
            if is_blank(fragment) {
                return Err(Error::BlankFragment { index: position });
            }
        }
        score::predict(&*self.stages.encoder, &*self.stages.session, &fragments)
    }

    /// Structures a whole vacancy given as plain text. A blank text gives an empty result.
    ///
    /// # Errors
    ///
    /// [`Error::TextTooLong`] beyond the builder's limit; else when a stage fails.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let sections = SectionClassifier::shared()?.classify_vacancy(
    ///     "Обязанности:\n- Писать код на Rust\nТребования:\n- Опыт от 3 лет",
    /// )?;
    /// println!("{sections}");
    /// assert!(SectionClassifier::shared()?.classify_vacancy("")?.is_empty());
    /// # } Ok(()) }
    /// ```
    pub fn classify_vacancy(&self, text: &str) -> Result<VacancySections> {
        self.classify_document(&self.read_plain(text)?)
    }

    /// Structures a whole vacancy given as HTML, such as the descriptions of hh.ru.
    ///
    /// The spans of the result point into the HTML. See
    /// [`Document::from_html`](crate::Document::from_html) for how markup is read.
    ///
    /// # Errors
    ///
    /// As [`classify_vacancy`](Self::classify_vacancy).
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let html = "<p><strong>Требования:</strong></p><ul><li>опыт работы с <em>SQL</em></li></ul>";
    /// let sections = SectionClassifier::shared()?.classify_vacancy_html(html)?;
    /// let fragment = &sections.fragments[1];
    /// assert_eq!(fragment.text, "опыт работы с SQL");
    /// assert_eq!(fragment.span.slice(html), Some("опыт работы с <em>SQL"));
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "html")]
    pub fn classify_vacancy_html(&self, html: &str) -> Result<VacancySections> {
        self.classify_document(&self.read_html(html)?)
    }

    /// Structures a vacancy as the hh.ru API sends it.
    ///
    /// The text is [`Vacancy::html`](crate::api::Vacancy::html), and the spans of the result point
    /// into it. A vacancy without text gives an empty result.
    ///
    /// # Errors
    ///
    /// As [`classify_vacancy`](Self::classify_vacancy).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{SectionClassifier, api::Vacancy};
    ///
    /// let json = r#"{"id": "1001", "description": "<p>Опыт работы с SQL от 3 лет.</p>"}"#;
    /// let vacancy: Vacancy = serde_json::from_str(json)?;
    /// let sections = SectionClassifier::shared()?.classify_api_vacancy(&vacancy)?;
    /// assert_eq!(sections.fragments[0].text, "Опыт работы с SQL от 3 лет.");
    /// # } Ok(()) }
    /// ```
    #[cfg(all(feature = "serde", feature = "html"))]
    pub fn classify_api_vacancy(&self, vacancy: &crate::api::Vacancy) -> Result<VacancySections> {
        self.classify_vacancy_html(&vacancy.html())
    }

    /// Structures a vacancy that is already cut into blocks.
    ///
    /// # Errors
    ///
    /// When a stage fails, or the chunker breaks its contract ([`Error::InvalidChunk`]).
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Document, SectionClassifier};
    ///
    /// let document = Document::from_plain("Опыт от 3 лет. Знание SQL.");
    /// let sections = SectionClassifier::shared()?.classify_document(&document)?;
    /// assert_eq!(sections.fragments.len(), 2);
    /// # } Ok(()) }
    /// ```
    pub fn classify_document(&self, document: &Document) -> Result<VacancySections> {
        let places = self.places(document)?;
        let texts: Vec<&str> = places.iter().map(Place::text).collect();
        let predictions = self.predict(&texts)?;
        self.assemble(&places, predictions)
    }

    fn read_plain(&self, text: &str) -> Result<Document> {
        self.check_length(text)?;
        Ok(Document::from_plain_with(text, &self.stages.document))
    }

    #[cfg(feature = "html")]
    fn read_html(&self, html: &str) -> Result<Document> {
        self.check_length(html)?;
        Ok(Document::from_html_with(html, &self.stages.document))
    }

    /// Where the fragments of a document stand.
    fn places<'d>(&self, document: &'d Document) -> Result<Vec<Place<'d>>> {
        let mut places = Vec::new();
        for (index, block) in document.blocks().iter().enumerate() {
            let spans = self.stages.chunker.chunk(block.text());
            check_chunks(index, block.text(), &spans)?;
            places.extend(spans.into_iter().map(|span| Place { index, block, span }));
        }
        Ok(places)
    }

    fn predict(&self, texts: &[&str]) -> Result<Vec<Prediction>> {
        score::predict(&*self.stages.encoder, &*self.stages.session, texts)
    }

    /// The vacancy whose fragments stand on these places and were scored so.
    fn assemble(
        &self,
        places: &[Place<'_>],
        predictions: Vec<Prediction>,
    ) -> Result<VacancySections> {
        let scored: Vec<Scored<'_>> = places
            .iter()
            .zip(predictions)
            .map(|(place, prediction)| Scored {
                block: place.index,
                text_span: place.span,
                block_text: place.block.text(),
                span: place.block.source_span(place.span),
                prediction,
            })
            .collect();
        let inputs: Vec<ScoredFragment<'_>> = places
            .iter()
            .zip(&scored)
            .map(|(place, scored)| {
                ScoredFragment::new(place.index, place.text(), scored.prediction.probabilities)
                    .in_block(place.block.kind(), place.block.emphasis())
            })
            .collect();
        Ok(assemble(&scored, &self.aggregate(&inputs)?))
    }

    /// Runs only the aggregation stage, on fragments that were scored before.
    ///
    /// # Errors
    ///
    /// When the aggregator fails or does not give one decision per fragment.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{ScoredFragment, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::shared()?;
    /// let prediction = classifier.classify_fragment("Знание SQL")?;
    /// let fragment = ScoredFragment::new(0, "Знание SQL", prediction.probabilities);
    /// assert_eq!(classifier.aggregate(&[fragment])?.len(), 1);
    /// # } Ok(()) }
    /// ```
    pub fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let decisions = self.stages.aggregator.aggregate(fragments)?;
        if decisions.len() != fragments.len() {
            return Err(Error::Shape {
                what: "decisions of the aggregator",
                expected: fragments.len().to_string(),
                found: decisions.len().to_string(),
            });
        }
        Ok(decisions)
    }

    fn check_length(&self, text: &str) -> Result<()> {
        if text.len() > self.stages.max_text_bytes {
            return Err(Error::TextTooLong {
                found: text.len(),
                limit: self.stages.max_text_bytes,
            });
        }
        Ok(())
    }
}

/// Where one fragment stands.
struct Place<'d> {
    /// Index of the block in its document.
    index: usize,
    block: &'d Block,
    /// Part of the block's text.
    span: Span,
}

impl<'d> Place<'d> {
    fn text(&self) -> &'d str {
        self.span.slice(self.block.text()).unwrap_or_default()
    }
}

/// Whether a text holds nothing but white space.
fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// Refuses spans that break the contract of [`Chunker`].
fn check_chunks(block: usize, text: &str, spans: &[Span]) -> Result<()> {
    let mut end = 0;
    for &span in spans {
        let reason = match span.slice(text) {
            None => "it leaves the block or cuts a character",
            Some(fragment) if is_blank(fragment) => "it is blank",
            Some(_) if span.start < end => "it begins before the span in front of it ends",
            Some(_) => {
                end = span.end;
                continue;
            }
        };
        return Err(Error::InvalidChunk {
            block,
            span,
            reason,
        });
    }
    Ok(())
}
