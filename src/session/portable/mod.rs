//! The portable session: an ML Program, evaluated on the CPU in pure Rust.
//!
//! [`lower`] turns the program of a package into a [`graph`] of few, typed [`ops`] and checks
//! everything on the way; the [`interpreter`] evaluates the graph in 32-bit floats, operation by
//! operation, as simply as each can be written.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod fused;
mod graph;
mod interpreter;
mod lower;
mod ops;
mod precision;
mod session;
mod tensor;
#[cfg(test)]
mod tests;

pub use precision::Precision;
pub use session::PortableSession;
