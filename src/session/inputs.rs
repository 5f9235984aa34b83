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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    ///
    /// ```
    /// use vacancy_sections::SessionInputs;
    /// use vacancy_sections::ndarray::Array2;
    ///
    /// let (ids, short) = (Array2::zeros((2, 128)), Array2::zeros((2, 64)));
    /// assert!(SessionInputs::new(ids.view(), ids.view(), short.view()).is_err());
    /// ```
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
    ///
    /// ```
    /// use vacancy_sections::{SessionInputs, ndarray::array};
    ///
    /// let (ids, mask, types) = (array![[2, 7, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
    /// let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    /// assert_eq!(inputs.input_ids()[[0, 1]], 7);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn input_ids(&self) -> ArrayView2<'a, i32> {
        self.input_ids
    }

    /// 1 for a real token, 0 for padding, `[n, max_seq_len]`.
    ///
    /// ```
    /// use vacancy_sections::{SessionInputs, ndarray::array};
    ///
    /// let (ids, mask, types) = (array![[2, 7, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
    /// let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    /// assert_eq!(inputs.attention_mask()[[0, 2]], 0);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn attention_mask(&self) -> ArrayView2<'a, i32> {
        self.attention_mask
    }

    /// Segment of each token, `[n, max_seq_len]`.
    ///
    /// ```
    /// use vacancy_sections::{SessionInputs, ndarray::array};
    ///
    /// let (ids, mask, types) = (array![[2, 7, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
    /// let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    /// assert_eq!(inputs.token_type_ids().sum(), 0);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn token_type_ids(&self) -> ArrayView2<'a, i32> {
        self.token_type_ids
    }

    /// Number of rows, `n`.
    ///
    /// ```
    /// use vacancy_sections::{SessionInputs, ndarray::array};
    ///
    /// let (ids, mask, types) = (array![[2, 7, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
    /// let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    /// assert_eq!(inputs.rows(), 1);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn rows(&self) -> usize {
        self.input_ids.nrows()
    }

    /// Length of a row in tokens.
    ///
    /// ```
    /// use vacancy_sections::{SessionInputs, ndarray::array};
    ///
    /// let (ids, mask, types) = (array![[2, 7, 0]], array![[1, 1, 0]], array![[0, 0, 0]]);
    /// let inputs = SessionInputs::new(ids.view(), mask.view(), types.view())?;
    /// assert_eq!(inputs.seq_len(), 3);
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn seq_len(&self) -> usize {
        self.input_ids.ncols()
    }
}
