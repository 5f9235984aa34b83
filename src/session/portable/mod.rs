//! The portable session.

mod fused;
