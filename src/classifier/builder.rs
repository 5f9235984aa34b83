//! Choosing the stages.

use std::fmt;
use std::sync::Arc;

use super::{SectionClassifier, Stages};
use crate::aggregate::{Aggregator, SequenceAggregator};
use crate::chunk::{Chunker, RazdelChunker};
use crate::document::DocumentOptions;
use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::section::Section;
use crate::session::Session;

#[cfg(feature = "model")]
use super::model::{ModelFiles, ModelOptions};
#[cfg(feature = "model")]
use crate::encode::Overflow;
#[cfg(feature = "model")]
use crate::session::{Backend, CoreMlOptions, Precision};

/// Longest text accepted unless the builder says otherwise, 16 MiB: a thousand times the longest
/// vacancies seen, and small enough to be structured in seconds.
const MAX_TEXT_BYTES: usize = 16 << 20;

/// Chooses the model and the stages of a [`SectionClassifier`].
///
/// What is not set has its default: the embedded model (feature `embedded-model`), the strict razdel
/// chunker, [`SequenceAggregator`].
///
/// ```
/// # fn main() -> Result<(), vacancy_sections::Error> {
/// # #[cfg(feature = "embedded-model")] {
/// use vacancy_sections::{Overflow, SectionClassifier};
///
/// let classifier = SectionClassifier::builder()
///     .overflow(Overflow::Truncate)
///     .max_text_bytes(1 << 20)
///     .build()?;
/// assert!(classifier.classify_vacancy(&"x".repeat(2 << 20)).is_err());
/// # } Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct ClassifierBuilder {
    #[cfg(feature = "model")]
    model: ModelOptions,
    session: Option<Arc<dyn Session>>,
    encoder: Option<Arc<dyn Encoder>>,
    chunker: Arc<dyn Chunker>,
    aggregator: Option<Arc<dyn Aggregator>>,
    junk_threshold: Option<f32>,
    document: DocumentOptions,
    max_text_bytes: usize,
}

impl fmt::Debug for ClassifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ClassifierBuilder");
        #[cfg(feature = "model")]
        debug.field("model", &self.model);
        debug
            .field("session", &self.session.as_ref().map(|s| s.backend()))
            .field("junk_threshold", &self.junk_threshold)
            .field("document", &self.document)
            .field("max_text_bytes", &self.max_text_bytes)
            .finish_non_exhaustive()
    }
}

impl Default for ClassifierBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ClassifierBuilder {
    pub(super) fn new() -> Self {
        Self {
            #[cfg(feature = "model")]
            model: ModelOptions::default(),
            session: None,
            encoder: None,
            chunker: Arc::new(RazdelChunker),
            aggregator: None,
            junk_threshold: None,
            document: DocumentOptions::new(),
            max_text_bytes: MAX_TEXT_BYTES,
        }
    }

    /// Loads the model from a directory laid out as on the model card. Default: the embedded model.
    ///
    /// ```
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    /// let classifier = SectionClassifier::builder().model_dir(folder).build()?;
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[cfg(feature = "model")]
    pub fn model_dir(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.model.files = ModelFiles::Directory(folder.into());
        self
    }

    /// What is to run the model. Default: [`Backend::Auto`];
    /// [`SectionClassifier::backend`] tells what was chosen and why.
    ///
    /// Not to be combined with a session of your own.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Backend, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder().backend(Backend::Portable).build()?;
    /// assert!(classifier.backend().name.starts_with("portable"));
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "model")]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.model.backend = Some(backend);
        self
    }

    /// Where CoreML keeps compiled models, and whether it is probed at load.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{CoreMlOptions, ModelCache, SectionClassifier};
    ///
    /// let options = CoreMlOptions::default().with_cache(ModelCache::Off);
    /// let classifier = SectionClassifier::builder().coreml_options(options).build()?;
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "model")]
    pub fn coreml_options(mut self, options: CoreMlOptions) -> Self {
        self.model.coreml = options;
        self
    }

    /// What happens to a fragment longer than the model's input. Default: [`Overflow::Split`].
    ///
    /// Not to be combined with an encoder of your own, which decides for itself.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Overflow, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder().overflow(Overflow::Truncate).build()?;
    /// let prediction = classifier.classify_fragment(&"знание SQL, ".repeat(100))?;
    /// assert!(prediction.truncated);
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "model")]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.model.overflow = Some(overflow);
        self
    }

    /// Threads among which the portable session divides the fragments of one call, the caller's among
    /// them; 0 means one per core. Default: 1. They are started for the call and end with it. CoreML
    /// has threads of its own.
    ///
    /// For many vacancies, [`SectionClassifier::classify_vacancies`] with its own threads pays more.
    ///
    /// Not to be combined with a session of your own.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// let (one, two) = (
    ///     SectionClassifier::embedded()?,
    ///     SectionClassifier::builder().threads(2).build()?,
    /// );
    /// let text = "Обязанности:\n- Писать код на Rust\nТребования:\n- Опыт от 3 лет";
    /// assert_eq!(one.classify_vacancy(text)?, two.classify_vacancy(text)?);
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "model")]
    pub fn threads(mut self, threads: usize) -> Self {
        self.model.threads = Some(threads);
        self
    }

    /// In which numbers the portable session computes products with the model's weights. Default:
    /// [`Precision::Float32`]. CoreML decides for itself.
    ///
    /// [`Precision::Int8`] never fails: where the machine cannot, floats are computed, and
    /// [`SectionClassifier::backend`] says so.
    ///
    /// Not to be combined with a session of your own.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Precision, Section, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder().precision(Precision::Int8).build()?;
    /// let prediction = classifier.classify_fragment("Опыт работы от 3 лет")?;
    /// assert_eq!(prediction.section, Section::Requirements);
    /// # } Ok(()) }
    /// ```
    #[cfg(feature = "model")]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.model.precision = Some(precision);
        self
    }

    /// Runs the model on this session.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "testing")] {
    /// use vacancy_sections::SectionClassifier;
    /// use vacancy_sections::testing::{MockSession, WordEncoder};
    ///
    /// let classifier = SectionClassifier::builder()
    ///     .session(MockSession::new(128, |_| [0.0, 0.0, 9.0, 0.0, 0.0]))
    ///     .encoder(WordEncoder::new(128))
    ///     .build()?;
    /// assert_eq!(classifier.backend().name, "mock");
    /// # } Ok(()) }
    /// ```
    pub fn session(mut self, session: impl Session + 'static) -> Self {
        self.session = Some(Arc::new(session));
        self
    }

    /// Makes token ids with this encoder, which must fit the session.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "testing")] {
    /// use vacancy_sections::SectionClassifier;
    /// use vacancy_sections::testing::{MockSession, WordEncoder};
    ///
    /// let classifier = SectionClassifier::builder()
    ///     .session(MockSession::new(128, |_| [0.0, 0.0, 9.0, 0.0, 0.0]))
    ///     .encoder(WordEncoder::new(128))
    ///     .build()?;
    /// assert!(classifier.classify_fragment("обеды")?.probabilities.margin() > 0.9);
    /// # } Ok(()) }
    /// ```
    pub fn encoder(mut self, encoder: impl Encoder + 'static) -> Self {
        self.encoder = Some(Arc::new(encoder));
        self
    }

    /// Cuts blocks into fragments with this chunker. Default: [`RazdelChunker`].
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Chunker, SectionClassifier, Span};
    ///
    /// /// Whole blocks.
    /// struct Blocks;
    ///
    /// impl Chunker for Blocks {
    ///     fn chunk(&self, block: &str) -> Vec<Span> {
    ///         vec![Span::new(0, block.len())]
    ///     }
    /// }
    ///
    /// let classifier = SectionClassifier::builder().chunker(Blocks).build()?;
    /// assert_eq!(classifier.classify_vacancy("Знание SQL. Опыт от 3 лет.")?.fragments.len(), 1);
    /// # } Ok(()) }
    /// ```
    pub fn chunker(mut self, chunker: impl Chunker + 'static) -> Self {
        self.chunker = Arc::new(chunker);
        self
    }

    /// Decides the sections of a vacancy with this aggregator. Default: [`SequenceAggregator`].
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{MajorityVote, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder().aggregator(MajorityVote).build()?;
    /// assert!(classifier.classify_vacancy("Обязанности:\n- Печь хлеб")?.headings.is_empty());
    /// # } Ok(()) }
    /// ```
    pub fn aggregator(mut self, aggregator: impl Aggregator + 'static) -> Self {
        self.aggregator = Some(Arc::new(aggregator));
        self
    }

    /// Probability from which on the default aggregator calls a fragment junk; see
    /// [`SequenceAggregator::with_junk_threshold`].
    ///
    /// Not to be combined with an aggregator of your own, which decides for itself.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::SectionClassifier;
    ///
    /// // Rather lose a slogan to the sections than a benefit to the orphans.
    /// let careful = SectionClassifier::builder().junk_threshold(0.9).build()?;
    /// # } Ok(()) }
    /// ```
    pub fn junk_threshold(mut self, threshold: f32) -> Self {
        self.junk_threshold = Some(threshold);
        self
    }

    /// Cuts vacancies into blocks with these options. Default: [`DocumentOptions::new`].
    ///
    /// ```
    /// use vacancy_sections::{DocumentOptions, SectionClassifier};
    ///
    /// let options = DocumentOptions::new().with_split_flat(false);
    /// let builder = SectionClassifier::builder().document_options(options);
    /// ```
    pub fn document_options(mut self, options: DocumentOptions) -> Self {
        self.document = options;
        self
    }

    /// Longest fragment or vacancy accepted, in bytes. Default: 16 MiB.
    ///
    /// ```
    /// # fn main() -> Result<(), vacancy_sections::Error> {
    /// # #[cfg(feature = "embedded-model")] {
    /// use vacancy_sections::{Error, SectionClassifier};
    ///
    /// let classifier = SectionClassifier::builder().max_text_bytes(10).build()?;
    /// let error = classifier.classify_vacancy("Опыт от 3 лет").unwrap_err();
    /// assert!(matches!(error, Error::TextTooLong { limit: 10, .. }));
    /// # } Ok(()) }
    /// ```
    pub fn max_text_bytes(mut self, limit: usize) -> Self {
        self.max_text_bytes = limit;
        self
    }

    /// Loads what has to be loaded and checks that the parts fit each other.
    ///
    /// # Errors
    ///
    /// When the model cannot be read, a part is missing, or encoder and session do not match.
    ///
    /// ```
    /// use vacancy_sections::{Error, SectionClassifier};
    ///
    /// # #[cfg(feature = "model")] {
    /// let error = SectionClassifier::builder().model_dir("no/such/folder").build().unwrap_err();
    /// assert!(matches!(error, Error::Io { .. }));
    /// # }
    /// ```
    pub fn build(self) -> Result<SectionClassifier> {
        let aggregator = self.choose_aggregator()?;
        let (session, encoder) = self.load()?;
        check_match(&*session, &*encoder)?;
        Ok(SectionClassifier {
            stages: Arc::new(Stages {
                session,
                encoder,
                chunker: self.chunker,
                aggregator,
                document: self.document,
                max_text_bytes: self.max_text_bytes,
            }),
        })
    }

    fn choose_aggregator(&self) -> Result<Arc<dyn Aggregator>> {
        match (&self.aggregator, self.junk_threshold) {
            (Some(_), Some(_)) => Err(Error::Builder {
                reason: "junk_threshold is set, but an aggregator of your own decides it"
                    .to_owned(),
            }),
            (Some(aggregator), None) => Ok(Arc::clone(aggregator)),
            (None, None) => Ok(Arc::new(SequenceAggregator::new())),
            (None, Some(threshold)) => {
                let aggregator = SequenceAggregator::new().with_junk_threshold(threshold);
                Ok(Arc::new(aggregator))
            }
        }
    }

    #[cfg(feature = "model")]
    fn load(&self) -> Result<(Arc<dyn Session>, Arc<dyn Encoder>)> {
        let session = self.model.session(self.session.as_ref())?;
        let encoder = self
            .model
            .encoder(self.encoder.as_ref(), session.max_seq_len())?;
        Ok((session, encoder))
    }

    #[cfg(not(feature = "model"))]
    fn load(&self) -> Result<(Arc<dyn Session>, Arc<dyn Encoder>)> {
        match (&self.session, &self.encoder) {
            (Some(session), Some(encoder)) => Ok((Arc::clone(session), Arc::clone(encoder))),
            _ => Err(Error::Builder {
                reason: "without the feature `model`, session and encoder must be set".to_owned(),
            }),
        }
    }
}

fn check_match(session: &dyn Session, encoder: &dyn Encoder) -> Result<()> {
    if encoder.max_seq_len() > session.max_seq_len() {
        return Err(Error::Builder {
            reason: format!(
                "the encoder makes windows of up to {} tokens, the session takes {}",
                encoder.max_seq_len(),
                session.max_seq_len()
            ),
        });
    }
    let labels = session.labels();
    if let Some(missing) = Section::ALL
        .iter()
        .find(|section| !labels.contains(section))
    {
        return Err(Error::Builder {
            reason: format!(
                "expected a logits column of the session for each section, found none for {missing}"
            ),
        });
    }
    if let Some(rows) = session.vocab_size()
        && encoder.vocab_size() > rows
    {
        return Err(Error::Builder {
            reason: format!(
                "the tokenizer does not match the model: its ids reach {}, the embedding table has {rows} rows",
                encoder.vocab_size().saturating_sub(1)
            ),
        });
    }
    Ok(())
}
