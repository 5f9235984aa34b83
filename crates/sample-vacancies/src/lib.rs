//! Vacancies made from a seed: the same seed gives the same vacancies on every machine.
//!
//! They are put together from phrases of ten trades, as plain text and as the HTML of job boards, and
//! have what a real archive has: NULL, blank and very long descriptions.

#![warn(unreachable_pub)]

mod layout;
mod parquet;
mod phrases;
mod random;
mod vacancy;

pub use parquet::{Comparison, compare, write_folder};
pub use vacancy::{Vacancies, Vacancy};
