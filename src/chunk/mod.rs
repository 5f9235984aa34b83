//! Block → sentence fragments.

mod razdel;
#[cfg(feature = "unicode")]
mod unicode;

use std::sync::Arc;

pub use razdel::RazdelChunker;
#[cfg(feature = "unicode")]
pub use unicode::UnicodeChunker;

use crate::span::Span;

/// Cuts the text of one block into fragments.
///
/// ```
/// use vacancy_sections::{Chunker, Span};
///
/// /// One fragment per semicolon-separated clause.
/// struct Clauses;
///
/// impl Chunker for Clauses {
///     fn chunk(&self, block: &str) -> Vec<Span> {
///         let mut spans = Vec::new();
///         let mut start = 0;
///         for clause in block.split_inclusive(';') {
///             let text = clause.trim_end_matches(';');
///             let lead = text.len() - text.trim_start().len();
///             let span = Span::new(start + lead, start + lead + text.trim().len());
///             if !span.is_empty() {
///                 spans.push(span);
///             }
///             start += clause.len();
///         }
///         spans
///     }
/// }
///
/// assert_eq!(Clauses.chunk("SQL; Python"), [Span::new(0, 3), Span::new(5, 11)]);
/// ```
pub trait Chunker: Send + Sync {
    /// Byte spans of the fragments of `block`: ascending, disjoint, on character boundaries, without
    /// surrounding white space, none empty. A classifier refuses spans that break this.
    fn chunk(&self, block: &str) -> Vec<Span>;
}

impl<T: Chunker + ?Sized> Chunker for &T {
    fn chunk(&self, block: &str) -> Vec<Span> {
        (**self).chunk(block)
    }
}

impl<T: Chunker + ?Sized> Chunker for Box<T> {
    fn chunk(&self, block: &str) -> Vec<Span> {
        (**self).chunk(block)
    }
}

impl<T: Chunker + ?Sized> Chunker for Arc<T> {
    fn chunk(&self, block: &str) -> Vec<Span> {
        (**self).chunk(block)
    }
}
