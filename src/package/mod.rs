//! Reading a CoreML `.mlpackage`.

mod spec;

pub use spec::{LabelSource, ModelSpec, TensorSpec, TensorType};
