#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod failures;
mod fragments;
mod functions;
mod probabilities;
mod section;
mod settings;
mod vacancies;
mod vacancy_sections;

pub use failures::OnFailure;
pub use functions::VacancyFunctions;
