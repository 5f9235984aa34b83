//! What is fuzzed: each module takes any bytes and checks what must hold of every input.
//!
//! `fuzz_targets/` feeds them from libFuzzer; `tests/corpora.rs` of the crate feeds them the kept
//! corpora on any toolchain.

mod bytes;

pub mod aggregator;
pub mod chunker;
pub mod document;
pub mod encoder;
pub mod package;
pub mod program;
pub mod vacancy;
