//! The package in CoreML.
//!
//! Objective-C is spoken in `ffi.rs` alone. Everything around it (what a model must look like, where
//! its compiled form is kept, how arrays are copied, whether its results may be trusted) is plain Rust
//! behind the traits of `engine.rs`, and is built and tested on every system.

mod options;

pub use options::{ComputeUnits, CoreMlOptions, ModelCache, Probe};

// Built for tests on every system, since none of it is Objective-C.
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod cache;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod describe;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod engine;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod open;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod probe;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod runner;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod scratch;
#[cfg(any(test, all(feature = "coreml", target_os = "macos")))]
mod strided;

#[cfg(test)]
mod double;

#[cfg(all(feature = "coreml", target_os = "macos"))]
#[allow(unsafe_code, reason = "Objective-C; the only file that speaks it")]
mod ffi;
#[cfg(all(feature = "coreml", target_os = "macos"))]
mod session;

#[cfg(all(feature = "coreml", target_os = "macos"))]
pub use session::CoreMlSession;
