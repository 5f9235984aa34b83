//! Figures of merit from pairs of label and prediction.

use vacancy_sections::{Probabilities, Section};

const N: usize = Section::COUNT;

/// Bins of the calibration error.
const BINS: usize = 15;

/// Counts of what was labelled (rows) against what was predicted (columns).
#[derive(Default)]
pub struct Metrics {
    confusion: [[usize; N]; N],
    /// Fragments, summed confidence and hits of each bin of confidence.
    bins: [(usize, f64, usize); BINS],
}

/// Counts of headings.
#[derive(Default)]
pub struct Headings {
    labelled: usize,
    predicted: usize,
    both: usize,
}

impl Headings {
    pub fn add(&mut self, labelled: bool, predicted: bool) {
        self.labelled += usize::from(labelled);
        self.predicted += usize::from(predicted);
        self.both += usize::from(labelled && predicted);
    }

    pub fn precision(&self) -> Share {
        share(self.both, self.predicted)
    }

    pub fn recall(&self) -> Share {
        share(self.both, self.labelled)
    }

    /// Harmonic mean of precision and recall; `None` where no heading is labelled or predicted.
    pub fn f1(&self) -> Share {
        share(2 * self.both, self.labelled + self.predicted)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "precision": self.precision(),
            "recall": self.recall(),
            "f1": self.f1(),
        })
    }

    pub fn print(&self) {
        println!("Headings ({} labelled)", self.labelled);
        println!("  precision          {}", percent(self.precision()));
        println!("  recall             {}", percent(self.recall()));
        println!("  F1                 {}", percent(self.f1()));
    }
}

/// A share, `None` where there is nothing to share.
pub type Share = Option<f64>;

fn share(part: usize, whole: usize) -> Share {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A share as people read it, a dash where there is none.
pub fn percent(share: Share) -> String {
    match share {
        Some(share) => format!("{:6.2} %", 100.0 * share),
        None => "     –  ".to_owned(),
    }
}

impl Metrics {
    pub fn add(&mut self, label: Section, predicted: Section, probabilities: &Probabilities) {
        self.confusion[label.id()][predicted.id()] += 1;
        let confidence = f64::from(probabilities[predicted]);
        let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
        self.bins[bin].0 += 1;
        self.bins[bin].1 += confidence;
        self.bins[bin].2 += usize::from(label == predicted);
    }

    pub fn total(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Fragments labelled with the first section and predicted to be of the second.
    pub fn count(&self, label: Section, predicted: Section) -> usize {
        self.confusion[label.id()][predicted.id()]
    }

    /// Mean confidence, share of hits and fragments of each bin of confidence that holds any.
    pub fn reliability(&self) -> Vec<(f64, f64, usize)> {
        let filled = self.bins.iter().filter(|(fragments, ..)| *fragments > 0);
        filled
            .map(|&(fragments, confidence, hits)| {
                let whole = fragments as f64;
                (confidence / whole, hits as f64 / whole, fragments)
            })
            .collect()
    }

    pub fn labelled(&self, section: Section) -> usize {
        self.confusion[section.id()].iter().sum()
    }

    fn predicted(&self, section: Section) -> usize {
        self.confusion.iter().map(|row| row[section.id()]).sum()
    }

    fn hits(&self, section: Section) -> usize {
        self.confusion[section.id()][section.id()]
    }

    /// Share of all fragments whose section is right.
    pub fn accuracy5(&self) -> Share {
        let hits = Section::ALL.map(|section| self.hits(section)).iter().sum();
        share(hits, self.total())
    }

    /// Share of the fragments not labelled junk whose section is right.
    pub fn content_accuracy(&self) -> Share {
        let content = &Section::ALL[..N - 1];
        let hits = content.iter().map(|section| self.hits(*section)).sum();
        share(
            hits,
            content.iter().map(|section| self.labelled(*section)).sum(),
        )
    }

    pub fn recall(&self, section: Section) -> Share {
        share(self.hits(section), self.labelled(section))
    }

    pub fn precision(&self, section: Section) -> Share {
        share(self.hits(section), self.predicted(section))
    }

    /// Harmonic mean of precision and recall; `None` for a section neither labelled nor predicted.
    pub fn f1(&self, section: Section) -> Share {
        share(
            2 * self.hits(section),
            self.labelled(section) + self.predicted(section),
        )
    }

    /// Mean F1 over the sections that occur.
    pub fn macro_f1(&self) -> Share {
        let scores: Vec<f64> = Section::ALL
            .into_iter()
            .filter_map(|s| self.f1(s))
            .collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// Expected calibration error of the predicted section's probability, 15 bins of equal width.
    pub fn ece(&self) -> Share {
        let gap: f64 = self
            .bins
            .iter()
            .map(|(_, confidence, hits)| (confidence - *hits as f64).abs())
            .sum();
        (self.total() > 0).then(|| gap / self.total() as f64)
    }

    pub fn json(&self) -> serde_json::Value {
        let f1: serde_json::Map<_, _> = Section::ALL
            .into_iter()
            .map(|section| (section.name().to_owned(), self.f1(section).into()))
            .collect();
        serde_json::json!({
            "fragments": self.total(),
            "accuracy5": self.accuracy5(),
            "content_accuracy": self.content_accuracy(),
            "junk_recall": self.recall(Section::Junk),
            "junk_precision": self.precision(Section::Junk),
            "macro_f1": self.macro_f1(),
            "f1": f1,
            "ece": self.ece(),
            "confusion": self.confusion,
        })
    }

    pub fn print(&self, title: &str) {
        println!("{title} ({} fragments)", self.total());
        println!("  5-class accuracy   {}", percent(self.accuracy5()));
        println!("  content accuracy   {}", percent(self.content_accuracy()));
        println!(
            "  junk recall        {}",
            percent(self.recall(Section::Junk))
        );
        println!(
            "  junk precision     {}",
            percent(self.precision(Section::Junk))
        );
        println!("  macro-F1           {}", percent(self.macro_f1()));
        println!("  calibration error  {}", percent(self.ece()));
        println!(
            "  label \\ predicted {:>9} {:>6} {:>6} {:>6} {:>6}        F1",
            "resp", "req", "terms", "notes", "junk"
        );
        for section in Section::ALL {
            let row = self.confusion[section.id()];
            print!("  {:<16}  ", section.name());
            for (column, count) in row.iter().enumerate() {
                print!("{count:>width$} ", width = if column == 0 { 9 } else { 6 });
            }
            println!("{}", percent(self.f1(section)));
        }
    }
}
