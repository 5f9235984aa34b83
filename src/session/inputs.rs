//! The three input arrays.

use ndarray::ArrayView2;

use crate::error::{Error, Result};

/// The int32 inputs of a run, each `[n, max_seq_len]`; names as on the model card.
///
/// ```
/// use ndarray::Array2;
/// use vacancy_sections::SessionInputs;
///
/// let ids = Array2::<i32>::zeros((2, 128));
/// let inputs = SessionInputs::new(ids.view(), ids.view(), ids.view())?;
/// assert_eq!((inputs.rows(), inputs.seq_len()), (2, 128));
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SessionInputs<'a> {
    input_ids: ArrayView2<'a, i32>,
    attention_mask: ArrayView2<'a, i32>,
    token_type_ids: ArrayView2<'a, i32>,
}

impl<'a> SessionInputs<'a> {
    /// Puts three arrays of one shape together.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the shapes differ.
    pub fn new(
        input_ids: ArrayView2<'a, i32>,
        attention_mask: ArrayView2<'a, i32>,
        token_type_ids: ArrayView2<'a, i32>,
    ) -> Result<Self> {
        for (what, other) in [
            ("shape of attention_mask", &attention_mask),
            ("shape of token_type_ids", &token_type_ids),
        ] {
            if other.shape() != input_ids.shape() {
                return Err(Error::Shape {
                    what,
                    expected: format!("{:?}, as input_ids", input_ids.shape()),
                    found: format!("{:?}", other.shape()),
                });
            }
        }
        Ok(Self {
            input_ids,
            attention_mask,
            token_type_ids,
        })
    }

    /// Token ids, `[n, max_seq_len]`.
    #[must_use]
    pub fn input_ids(&self) -> ArrayView2<'a, i32> {
        self.input_ids
    }

    /// 1 for a real token, 0 for padding, `[n, max_seq_len]`.
    #[must_use]
    pub fn attention_mask(&self) -> ArrayView2<'a, i32> {
        self.attention_mask
    }

    /// Segment of each token, `[n, max_seq_len]`.
    #[must_use]
    pub fn token_type_ids(&self) -> ArrayView2<'a, i32> {
        self.token_type_ids
    }

    /// Number of rows, `n`.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.input_ids.nrows()
    }

    /// Length of a row in tokens.
    #[must_use]
    pub fn seq_len(&self) -> usize {
        self.input_ids.ncols()
    }
}
