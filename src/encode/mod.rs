//! Fragment → token ids.

#[cfg(feature = "model")]
mod json;
#[cfg(feature = "model")]
mod plain;
#[cfg(feature = "model")]
mod seams;
#[cfg(feature = "model")]
mod tokenizer_config;
#[cfg(feature = "model")]
mod tokenizer_json;
mod window;
#[cfg(feature = "model")]
mod wordpiece;
#[cfg(any(test, feature = "testing"))]
mod words;

use std::sync::Arc;

pub use window::Overflow;
#[cfg(feature = "model")]
pub use wordpiece::WordPieceEncoder;
#[cfg(any(test, feature = "testing"))]
pub use words::WordEncoder;

use crate::error::Result;

/// The token ids of one model input: real tokens only, special tokens included, no padding.
///
/// ```
/// use vacancy_sections::Window;
///
/// let window = Window::new(vec![2, 1045, 3]);
/// assert_eq!(window.padded(5, 0), (vec![2, 1045, 3, 0, 0], vec![1, 1, 1, 0, 0], vec![0; 5]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// `input_ids`, from `[CLS]` to `[SEP]`.
    pub input_ids: Vec<i32>,
    /// `token_type_ids`, as long as `input_ids`: 0 for the first segment, 1 for the second.
    pub token_type_ids: Vec<i32>,
}

impl Window {
    /// A window of one segment.
    ///
    /// ```
    /// assert_eq!(vacancy_sections::Window::new(vec![2, 3]).token_type_ids, [0, 0]);
    /// ```
    #[must_use]
    pub fn new(input_ids: Vec<i32>) -> Self {
        let token_type_ids = vec![0; input_ids.len()];
        Self {
            input_ids,
            token_type_ids,
        }
    }

    /// `input_ids`, `attention_mask` and `token_type_ids`, each filled up to `len`, as
    /// `padding="max_length"` of transformers makes them.
    ///
    /// A window longer than `len` is left as it is.
    ///
    /// ```
    /// let (ids, mask, types) = vacancy_sections::Window::new(vec![2, 3]).padded(3, 9);
    /// assert_eq!((ids, mask, types), (vec![2, 3, 9], vec![1, 1, 0], vec![0, 0, 0]));
    /// ```
    #[must_use]
    pub fn padded(&self, len: usize, pad_id: i32) -> (Vec<i32>, Vec<i32>, Vec<i32>) {
        let fill = |values: &[i32], with: i32| {
            let mut row = values.to_vec();
            if row.len() < len {
                row.resize(len, with);
            }
            row
        };
        let mask = vec![1; self.input_ids.len()];
        (
            fill(&self.input_ids, pad_id),
            fill(&mask, 0),
            fill(&self.token_type_ids, 0),
        )
    }
}

/// One fragment as the model reads it.
///
/// ```
/// use vacancy_sections::{Encoding, Window};
///
/// let encoding = Encoding::new(vec![Window::new(vec![2, 1045, 3])]);
/// assert_eq!(encoding.windows.len(), 1);
/// assert!(!encoding.truncated);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Encoding {
    /// The windows in text order, at least one.
    pub windows: Vec<Window>,
    /// Whether tokens at the end of the fragment were dropped ([`Overflow::Truncate`]).
    pub truncated: bool,
}

impl Encoding {
    /// An encoding from which nothing was dropped.
    ///
    /// ```
    /// use vacancy_sections::{Encoding, Window};
    ///
    /// assert!(!Encoding::new(vec![Window::new(vec![2, 3])]).truncated);
    /// ```
    #[must_use]
    pub fn new(windows: Vec<Window>) -> Self {
        Self {
            windows,
            truncated: false,
        }
    }
}

/// Turns a fragment into token ids.
///
/// ```
/// use vacancy_sections::{Encoder, Encoding, Result, Window};
///
/// /// One token per character.
/// struct Characters;
///
/// impl Encoder for Characters {
///     fn encode(&self, fragment: &str) -> Result<Encoding> {
///         let pieces = fragment.chars().take(126).map(|c| 5 + c as i32 % 100);
///         let ids = std::iter::once(2).chain(pieces).chain(std::iter::once(3)).collect();
///         Ok(Encoding::new(vec![Window::new(ids)]))
///     }
///     fn max_seq_len(&self) -> usize { 128 }
///     fn vocab_size(&self) -> usize { 105 }
///     fn pad_id(&self) -> i32 { 0 }
/// }
///
/// assert_eq!(Characters.encode("SQL")?.windows[0].input_ids.len(), 5);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
pub trait Encoder: Send + Sync {
    /// The windows of one fragment, each of at most [`max_seq_len`](Self::max_seq_len) tokens.
    ///
    /// # Errors
    ///
    /// When the fragment cannot be encoded, or is too long and must not be split or cut.
    fn encode(&self, fragment: &str) -> Result<Encoding>;

    /// Longest window in tokens, special tokens included.
    fn max_seq_len(&self) -> usize;

    /// One more than the largest token id.
    fn vocab_size(&self) -> usize;

    /// The id that fills a window up to the session's sequence length.
    fn pad_id(&self) -> i32;
}

macro_rules! forward_encoder {
    ($($pointer:ty),*) => {$(
        impl<T: Encoder + ?Sized> Encoder for $pointer {
            fn encode(&self, fragment: &str) -> Result<Encoding> {
                (**self).encode(fragment)
            }
            fn max_seq_len(&self) -> usize {
                (**self).max_seq_len()
            }
            fn vocab_size(&self) -> usize {
                (**self).vocab_size()
            }
            fn pad_id(&self) -> i32 {
                (**self).pad_id()
            }
        }
    )*};
}

forward_encoder!(&T, Box<T>, Arc<T>);
