#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

mod functions;
mod structure;

pub use functions::{connect, executor_functions, scheduler_sessions};
pub use structure::{Report, Structuring};
