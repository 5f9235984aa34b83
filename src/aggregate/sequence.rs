//! Joint decoding of a whole vacancy: a small recurrent network over its fragments.

mod cues;
mod features;
mod network;
mod parameters;
mod words;

use std::sync::OnceLock;

use features::Evidence;
use network::CLASSES;
use parameters::Parameters;

use super::{Aggregator, Decision, ScoredFragment};
use crate::error::{Error, Result};
use crate::prediction::Probabilities;
use crate::section::Section;

/// The weights learned by `training/sequence`.
const TABLE: &[u8] = include_bytes!("../../assets/sequence.bin");
const TABLE_NAME: &str = "assets/sequence.bin";

/// Decides all fragments of a vacancy together: "Английский язык" is a requirement under one heading
/// and a benefit under another.
///
/// A small recurrent network reads the fragments in text order, forwards and backwards. It weighs the
/// model's probabilities, the words, the form (length, ending, contacts) and the layout (blocks, list
/// items, emphasis), and says for each fragment which section it belongs to and whether it only
/// announces one. Its time is linear in the number of fragments; texts of more than 512 fragments are
/// read piece by piece.
///
/// It works with any model; `kind` and `emphasis` of the fragments help and may be missing. See
/// `docs/sequence.md` for the features, the training and the figures.
///
/// ```
/// use vacancy_sections::{Aggregator, Probabilities, ScoredFragment, Section, SequenceAggregator};
///
/// // The model hesitates between requirements and terms; the heading decides.
/// let heading = Probabilities::from_weights([0.05, 0.05, 0.8, 0.05, 0.05])?;
/// let unsure = Probabilities::from_weights([0.05, 0.45, 0.4, 0.05, 0.05])?;
/// let decisions = SequenceAggregator::new().aggregate(&[
///     ScoredFragment::new(0, "Мы предлагаем:", heading),
///     ScoredFragment::new(1, "Английский язык с преподавателем", unsure),
/// ])?;
/// assert!(decisions[0].heading);
/// assert_eq!(decisions[1].section, Section::Terms);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SequenceAggregator {
    junk_threshold: Option<f32>,
}

impl SequenceAggregator {
    /// With the junk threshold that was chosen in training.
    ///
    /// ```
    /// use vacancy_sections::{Aggregator, SequenceAggregator};
    ///
    /// assert!(SequenceAggregator::new().aggregate(&[])?.is_empty());
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            junk_threshold: None,
        }
    }

    /// Makes a fragment junk when the probability of junk is at least `threshold`, otherwise its
    /// likeliest other section. A lower threshold finds more junk and loses more content to the
    /// orphans; `docs/sequence.md` has the table. 0 calls everything junk; above 1, nothing.
    ///
    /// Without this call the threshold is the one of the parameter table.
    ///
    /// ```
    /// use vacancy_sections::{Aggregator, Probabilities, ScoredFragment, Section, SequenceAggregator};
    ///
    /// let slogan = Probabilities::from_weights([0.0, 0.0, 0.1, 0.2, 0.7])?;
    /// let fragment = [ScoredFragment::new(0, "Ждём ваши отклики!", slogan)];
    /// let keep_all = SequenceAggregator::new().with_junk_threshold(1.1);
    /// assert_ne!(keep_all.aggregate(&fragment)?[0].section, Section::Junk);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub const fn with_junk_threshold(mut self, threshold: f32) -> Self {
        self.junk_threshold = Some(threshold);
        self
    }
}

impl Aggregator for SequenceAggregator {
    fn aggregate(&self, fragments: &[ScoredFragment<'_>]) -> Result<Vec<Decision>> {
        let parameters = parameters()?;
        let threshold = self.junk_threshold.unwrap_or(parameters.junk_threshold);
        let evidence = Evidence::new(fragments);
        let classes = parameters.network.classes(&evidence);
        classes
            .iter()
            .map(|classes| decide(classes, threshold))
            .collect()
    }
}

/// The embedded table, read at the first use.
fn parameters() -> Result<&'static Parameters> {
    static PARAMETERS: OnceLock<Result<Parameters>> = OnceLock::new();
    PARAMETERS
        .get_or_init(|| Parameters::parse(TABLE_NAME, TABLE))
        .as_ref()
        .map_err(|error| Error::Package {
            file: TABLE_NAME.to_owned(),
            place: "embedded table".to_owned(),
            reason: error.to_string(),
        })
}

fn decide(classes: &[f32; CLASSES], threshold: f32) -> Result<Decision> {
    let mut weights = [0.0; Section::COUNT];
    let mut heading = 0.0;
    for (section, weight) in Section::ALL.into_iter().zip(&mut weights) {
        let announcing = classes[Section::COUNT + section.id()];
        heading += announcing;
        *weight = classes[section.id()] + announcing;
    }
    let probabilities = Probabilities::from_weights(weights)?;
    let mut section = Section::Responsibilities;
    for other in &Section::ALL[..Section::Junk.id()] {
        if probabilities[*other] > probabilities[section] {
            section = *other;
        }
    }
    if probabilities[Section::Junk] >= threshold {
        section = Section::Junk;
    }
    let mut decision = Decision::new(section, probabilities);
    decision.heading = heading > 0.5;
    Ok(decision)
}

/// Rows of features for the training.
#[cfg(any(test, feature = "testing"))]
pub(crate) mod inspection {
    use super::features::{Evidence, GROUPS};
    use super::{network, words};
    use crate::aggregate::ScoredFragment;

    /// What the sequence aggregator sees of one fragment.
    ///
    /// ```
    /// use vacancy_sections::testing::sequence_features;
    /// use vacancy_sections::{Probabilities, ScoredFragment};
    ///
    /// let even = Probabilities::from_logits([0.0; 5])?;
    /// let rows = sequence_features(&[ScoredFragment::new(0, "Знание SQL.", even)]);
    /// assert_eq!(rows[0].words.len(), 2);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[derive(Debug, Clone, PartialEq)]
    #[non_exhaustive]
    pub struct FeatureRow {
        /// Number and value of each feature that is not 0.
        pub features: Vec<(usize, f32)>,
        /// The bucket of each word, below [`WORD_BUCKETS`].
        pub words: Vec<usize>,
    }

    /// Names and widths of the groups of features, in the order of their numbers.
    ///
    /// ```
    /// use vacancy_sections::testing::FEATURE_GROUPS;
    ///
    /// assert!(FEATURE_GROUPS.iter().any(|(name, width)| *name == "own_log" && *width == 5));
    /// ```
    pub const FEATURE_GROUPS: &[(&str, usize)] = &GROUPS;
    /// Number of the buckets that words fall into.
    ///
    /// ```
    /// assert!(vacancy_sections::testing::WORD_BUCKETS.is_power_of_two());
    /// ```
    pub const WORD_BUCKETS: usize = words::BUCKETS;
    /// Width of the vectors inside the network.
    ///
    /// ```
    /// assert!(vacancy_sections::testing::HIDDEN_WIDTH > 5);
    /// ```
    pub const HIDDEN_WIDTH: usize = network::HIDDEN;

    /// One row per fragment of a vacancy.
    ///
    /// ```
    /// assert!(vacancy_sections::testing::sequence_features(&[]).is_empty());
    /// ```
    #[must_use]
    pub fn sequence_features(fragments: &[ScoredFragment<'_>]) -> Vec<FeatureRow> {
        let evidence = Evidence::new(fragments);
        (0..evidence.len())
            .map(|index| {
                let mut features = Vec::new();
                evidence.visit(index, |feature, value| features.push((feature, value)));
                FeatureRow {
                    features,
                    words: evidence.words(index).to_vec(),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind;
    use proptest::prelude::*;

    const EVEN: [f32; 5] = [0.2; 5];

    fn fragment(block: usize, text: &str, weights: [f32; 5]) -> ScoredFragment<'_> {
        ScoredFragment::new(block, text, Probabilities::from_weights(weights).unwrap())
    }

    fn decide_all(fragments: &[ScoredFragment<'_>]) -> Vec<Decision> {
        SequenceAggregator::new().aggregate(fragments).unwrap()
    }

    #[test]
    fn a_vacancy_is_decoded() {
        let says = |text: &str, section: Section| {
            if text == "Английский язык" {
                return [0.05, 0.45, 0.4, 0.05, 0.05];
            }
            let mut weights = [0.05; 5];
            weights[section.id()] = 0.8;
            weights
        };
        let rows = [
            (
                0,
                "«Тихая гавань» бронирует причалы для яхт.",
                Section::Notes,
            ),
            (0, "Ищем разработчика.", Section::Notes),
            (1, "Чем предстоит заниматься:", Section::Responsibilities),
            (2, "Писать сервисы на Rust", Section::Responsibilities),
            (3, "Разбирать обращения", Section::Responsibilities),
            (4, "Требования", Section::Requirements),
            (5, "Английский язык", Section::Requirements),
            (6, "Опыт от 3 лет", Section::Requirements),
            (7, "Мы предлагаем", Section::Terms),
            // The same words, on which the model says the same, among the benefits.
            (8, "Английский язык", Section::Requirements),
            (9, "ДМС со стоматологией", Section::Terms),
            (10, "Ждём ваши отклики!", Section::Junk),
        ];
        let fragments =
            rows.map(|(block, text, section)| fragment(block, text, says(text, section)));
        let lines: Vec<String> = rows
            .iter()
            .zip(decide_all(&fragments))
            .map(|((_, text, _), decision)| {
                let heading = if decision.heading { " heading" } else { "" };
                format!("{text} | {}{heading}", decision.section)
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn nothing_and_one_fragment_are_decoded() {
        assert_eq!(decide_all(&[]), []);
        let alone = decide_all(&[fragment(
            7,
            "Оклад от 100 000 рублей",
            [0.0, 0.0, 1.0, 0.0, 0.0],
        )]);
        assert_eq!(alone[0].section, Section::Terms);
        assert!(!alone[0].heading);
    }

    #[test]
    fn a_threshold_of_zero_calls_everything_junk_and_one_above_one_nothing() {
        let fragments = [
            fragment(0, "#работа", [0.0, 0.0, 0.0, 0.0, 1.0]),
            fragment(1, "ДМС", EVEN),
        ];
        let sections = |threshold: f32| {
            let aggregator = SequenceAggregator::new().with_junk_threshold(threshold);
            let decisions = aggregator.aggregate(&fragments).unwrap();
            decisions.into_iter().map(|d| d.section).collect::<Vec<_>>()
        };
        assert_eq!(sections(0.0), [Section::Junk; 2]);
        assert!(!sections(1.1).contains(&Section::Junk));
    }

    /// Work that grows with the square of the length would not end.
    #[test]
    fn a_hundred_thousand_fragments_are_decoded() {
        let fragments: Vec<_> = (0..100_000)
            .map(|block| fragment(block / 3, "ДМС", EVEN))
            .collect();
        assert_eq!(decide_all(&fragments).len(), fragments.len());
    }

    #[test]
    fn markup_makes_a_heading_likelier() {
        let body = fragment(1, "Английский язык", EVEN);
        let bare = fragment(0, "Наши плюшки", [0.1, 0.1, 0.6, 0.1, 0.1]);
        let bold = bare.in_block(BlockKind::Paragraph, true);
        let announced = |first: ScoredFragment<'_>| {
            let classes = parameters()
                .unwrap()
                .network
                .classes(&Evidence::new(&[first, body]));
            classes[0][Section::COUNT..].iter().sum::<f32>()
        };
        assert!(announced(bold) > announced(bare));
    }

    proptest! {
        #[test]
        fn every_input_is_decoded(
            rows in prop::collection::vec(
                (0..3_usize, "\\PC{0,40}", prop::array::uniform5(prop_oneof![Just(0.0_f32), 1e-30_f32..1.0]), 0..3_u8, any::<bool>()),
                0..12,
            )
        ) {
            let kinds = [BlockKind::Paragraph, BlockKind::ListItem, BlockKind::Heading];
            let mut block = 0;
            let fragments: Vec<_> = rows
                .iter()
                .filter_map(|(step, text, weights, kind, emphasis)| {
                    block += step;
                    let probabilities = Probabilities::from_weights(*weights).ok()?;
                    let scored = ScoredFragment::new(block, text, probabilities);
                    Some(scored.in_block(kinds[usize::from(*kind)], *emphasis))
                })
                .collect();
            let decisions = decide_all(&fragments);
            prop_assert_eq!(decisions.len(), fragments.len());
            for decision in decisions {
                let sum: f32 = decision.probabilities.to_array().iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-5);
            }
        }
    }
}
