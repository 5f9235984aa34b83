//! Rows that have no result.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::common::{DataFusionError, Result};

/// What becomes of a row that cannot be evaluated: a blank fragment, a text beyond the classifier's
/// limit, a stage that fails.
///
/// ```
/// use vacancy_sections_datafusion::{OnFailure, VacancyFunctions};
///
/// let strict = VacancyFunctions::new().on_failure(OnFailure::Error);
/// assert_eq!(OnFailure::default(), OnFailure::Null);
/// # let _ = strict;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// The result is NULL; the row is counted and a warning logged.
    #[default]
    Null,
    /// The query fails, with the row and the reason.
    Error,
}

/// Rows without a result since the functions were made, over all queries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failures(Arc<AtomicU64>);

/// Every one of the first warnings is logged, later ones at each power of ten: a column of blanks must
/// not fill the disk.
const LOGGED: u64 = 10;

impl Failures {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The value of one row, or what the option puts in its place.
    pub(crate) fn settle<T>(
        &self,
        option: OnFailure,
        function: &str,
        row: usize,
        result: vacancy_sections::Result<T>,
    ) -> Result<Option<T>> {
        match (result, option) {
            (Ok(value), _) => Ok(Some(value)),
            (Err(error), OnFailure::Null) => {
                let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
                if is_logged(count) {
                    log::warn!(
                        "{function}: row {row} of a batch is NULL: {error} (failure {count})"
                    );
                }
                Ok(None)
            }
            (Err(error), OnFailure::Error) => Err(DataFusionError::External(Box::new(error))
                .context(format!("{function}: row {row} of a batch"))),
        }
    }
}

fn is_logged(count: u64) -> bool {
    count <= LOGGED || 10_u64.pow(count.ilog10()) == count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_warnings_stand_for_many_rows() {
        let logged: Vec<u64> = (1..=10_000).filter(|count| is_logged(*count)).collect();
        assert_eq!(logged, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1000, 10_000]);
    }
}
