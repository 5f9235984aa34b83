//! What a package says of its model.

use crate::section::Section;

/// Element type of an input or output array.
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

/// Name, element type and shape of an input or output array.
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LabelSource {
    /// The user-defined metadata, under this key.
    Metadata(String),
    /// The package names no labels; the model card's order is used.
    ModelCard,
}

/// What a package says of its model: the contract that sessions and encoders are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelSpec {
    /// Input arrays.
    pub inputs: Vec<TensorSpec>,
    /// Output arrays.
    pub outputs: Vec<TensorSpec>,
    /// Length of an input row in tokens.
    pub max_seq_len: usize,
    /// The section of each logits column.
    pub labels: [Section; Section::COUNT],
    /// Where `labels` comes from.
    pub label_source: LabelSource,
}
