//! How much a program may ask for, by the size of the package that it came in.

/// Most elements that all values of a program may have together: 1 GiB of floats.
const MAX_ELEMENTS: usize = 1 << 28;

/// Most multiplications, roughly, that one evaluation may take: a second or more on any machine for
/// each of a few hundred layers.
const MAX_WORK: u64 = 1 << 38;

/// What may be spent on a program.
///
/// A few bytes can ask for terabytes ("fill a tensor of this shape") or for hours. What a genuine
/// program asks for goes with its weights: these limits are several times that, and small packages
/// have a floor to stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Limits {
    /// Elements of all values together, those among them that a run computes.
    pub(super) elements: usize,
    /// Elements of constants: they are in memory from the load on, four bytes each.
    ///
    /// Eight for each byte of the package: as many as weights of one bit make.
    pub(super) held: usize,
    /// Multiplications of an evaluation.
    pub(super) work: u64,
    /// Multiplications at load, for what depends on constants only.
    pub(super) load_work: u64,
}

impl Limits {
    pub(in super::super) fn of_package(bytes: usize) -> Self {
        let work = |floor: u64, per_byte: u64| {
            u64::try_from(bytes)
                .unwrap_or(u64::MAX)
                .saturating_mul(per_byte)
                .saturating_add(floor)
                .min(MAX_WORK)
        };
        let elements = |floor: usize, per_byte: usize| {
            let grown = bytes.saturating_mul(per_byte).saturating_add(floor);
            grown.min(MAX_ELEMENTS)
        };
        Self {
            elements: elements(1 << 26, 16),
            held: elements(1 << 18, 8),
            work: work(1 << 31, 1 << 16),
            load_work: work(1 << 28, 1 << 10),
        }
    }
}
