//! In which numbers the products with the weights are computed.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// In which numbers the portable session computes products with the model's weights.
///
/// ```
/// use vacancy_sections::Precision;
///
/// assert_eq!(Precision::default(), Precision::Float32);
/// assert_eq!("int8".parse::<Precision>()?, Precision::Int8);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Precision {
    /// 32-bit floats: the logits of the model, as far as its float16 weights allow. The default.
    #[default]
    Float32,
    /// 8-bit integers: weights are rounded with a scale per output, activations, when they come, with
    /// one per token (to 16 bits in the first layer); sums are exact, everything between the products
    /// stays in floats, and so do the last layer and the classifier, which see the first token only.
    /// Faster, and no longer the model's own logits: those of the embedded model move by up to five
    /// hundredths, and two of the 1,961 fragments of `assets/golden` get another strongest section.
    ///
    /// Needs AVX-512 VNNI, which x86-64 servers have since 2019 (Intel) and 2022 (AMD), and a program
    /// that the fused encoder runs. Otherwise the session computes in 32-bit floats, without an error;
    /// [`Session::backend`](crate::Session::backend) tells which it is, and why.
    Int8,
}

/// `float32` or `int8`.
impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Float32 => "float32",
            Self::Int8 => "int8",
        })
    }
}

/// By the names of [`Display`](fmt::Display), in any case.
impl FromStr for Precision {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let all = [Self::Float32, Self::Int8];
        let lower = name.trim().to_ascii_lowercase();
        all.into_iter()
            .find(|precision| precision.to_string() == lower)
            .ok_or_else(|| Error::UnknownName {
                what: "precision",
                expected: "float32 or int8",
                found: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for precision in [Precision::Float32, Precision::Int8] {
            assert_eq!(
                precision.to_string().parse::<Precision>().unwrap(),
                precision
            );
        }
        assert_eq!(" INT8 ".parse::<Precision>().unwrap(), Precision::Int8);
        let error = "int4".parse::<Precision>().unwrap_err().to_string();
        assert!(
            error.contains("float32 or int8") && error.contains("int4"),
            "{error}"
        );
    }
}
