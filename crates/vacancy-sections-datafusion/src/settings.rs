//! What the functions of one registration have in common.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use vacancy_sections::SectionClassifier;

use crate::failures::{Failures, OnFailure};

#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) on_failure: OnFailure,
    pub(crate) threads: usize,
    /// `None` is the classifier of the process.
    pub(crate) classifier: Option<SectionClassifier>,
    pub(crate) failures: Failures,
}

impl Settings {
    /// The classifier, loaded at the first call: a process that only plans never reads the model.
    pub(crate) fn classifier(&self) -> Result<&SectionClassifier> {
        match &self.classifier {
            Some(classifier) => Ok(classifier),
            None => SectionClassifier::shared()
                .map_err(|error| DataFusionError::External(Box::new(error))),
        }
    }

    /// The value of one row, or what stands in its place.
    pub(crate) fn settle<T>(
        &self,
        function: &str,
        row: usize,
        result: vacancy_sections::Result<T>,
    ) -> Result<Option<T>> {
        self.failures.settle(self.on_failure, function, row, result)
    }
}

/// Settings as a part of a function. Two functions are the same for the optimizer if they are of one
/// registration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(pub(crate) Arc<Settings>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Shared {}

impl Hash for Shared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}
