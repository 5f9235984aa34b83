//! Programs built in code.
