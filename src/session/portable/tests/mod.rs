//! Programs built in code: what each MIL operation does with each of its arguments, what is refused
//! and with which words, and that no program panics.

mod build;
mod damaged;
mod encoders;
mod errors;
mod forms;
