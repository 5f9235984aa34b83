//! What a package says of its model.

use std::fmt;

use crate::section::Section;

/// Element type of an input or output array.
///
/// ```
/// use vacancy_sections::TensorType;
///
/// # #[cfg(feature = "model")] {
/// # let package = vacancy_sections::MlPackage::open(concat!(
/// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
/// assert_eq!(package.spec().inputs[0].dtype, TensorType::Int32);
/// assert_eq!(package.spec().outputs[0].dtype, TensorType::Float32);
/// # }
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TensorType {
    /// 16-bit float.
    Float16,
    /// 32-bit float.
    Float32,
    /// 64-bit float.
    Float64,
    /// 32-bit signed integer.
    Int32,
}

/// The name in lower case, as NumPy has it: `int32`.
impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int32 => "int32",
        })
    }
}

/// Name, element type and shape of an input or output array.
///
/// ```
/// # #[cfg(feature = "model")] {
/// # let package = vacancy_sections::MlPackage::open(concat!(
/// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
/// let logits = &package.spec().outputs[0];
/// assert_eq!(logits.name, "logits");
/// assert_eq!(logits.shape, [1, 5]);
/// # }
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TensorSpec {
    /// Feature name, such as `input_ids`.
    pub name: String,
    /// Element type.
    pub dtype: TensorType,
    /// Shape; empty where the description gives none.
    pub shape: Vec<usize>,
}

/// Where the order of the labels comes from.
///
/// ```
/// use vacancy_sections::LabelSource;
///
/// # #[cfg(feature = "model")] {
/// # let package = vacancy_sections::MlPackage::open(concat!(
/// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
/// match &package.spec().label_source {
///     LabelSource::Metadata(key) => assert_eq!(key, "labels"),
///     other => panic!("the package names its labels: {other:?}"),
/// }
/// # }
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LabelSource {
    /// The user-defined metadata, under this key; the first in alphabetical order of several.
    Metadata(String),
    /// The package names no labels; the model card's order is used, that of
    /// [`Section::ALL`].
    ModelCard,
}

/// What a package says of its model: the contract that sessions and encoders are checked against.
///
/// A package is refused unless it looks like the model card's: inputs `input_ids` and
/// `attention_mask`, optionally `token_type_ids`, 32-bit integers of shape `[1, max_seq_len]`; one
/// output of 16-bit or 32-bit floats of shape `[1, 5]`; no other label names than the five.
///
/// ```
/// use vacancy_sections::Section;
///
/// # #[cfg(feature = "model")] {
/// # let package = vacancy_sections::MlPackage::open(concat!(
/// #     env!("CARGO_MANIFEST_DIR"), "/tests/data/packages/tiny.mlpackage"))?;
/// let spec = package.spec();
/// assert_eq!(spec.max_seq_len, 8);
/// // The third logits column belongs to this section.
/// assert_eq!(spec.labels[2], Section::Terms);
/// # }
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelSpec {
    /// Input arrays, in the order of the description.
    pub inputs: Vec<TensorSpec>,
    /// Output arrays: one, the logits.
    pub outputs: Vec<TensorSpec>,
    /// Length of an input row in tokens, special tokens and padding included: the second dimension
    /// of the inputs, which `max_seq_len` of the user-defined metadata, if there, must confirm.
    pub max_seq_len: usize,
    /// The section of each logits column.
    ///
    /// From the user-defined metadata: a key that is, or ends after a dot in, `labels`,
    /// `label_names`, `classes`, `id2label` or `label2id`, in any case and with or without
    /// underscores, or `labels` among the parameters of Xcode's model preview. The value is a list, an
    /// object id → name or name → id, as JSON or as Python shows them, or names joined by commas.
    pub labels: [Section; Section::COUNT],
    /// Where `labels` comes from.
    pub label_source: LabelSource,
}
