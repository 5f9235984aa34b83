//! Threads that structure batches of vacancies.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Posting, SectionClassifier};
use crate::error::Result;
use crate::report::VacancySections;

type Job = (usize, Vec<Posting>);
type Done = (usize, Vec<Result<VacancySections>>);

/// Running threads, the queue that feeds them and the one that they answer into.
///
/// Both queues are as long as the caller lets them be: it never has more than a fixed number of
/// batches under way.
pub(super) struct Workers {
    /// `None` once the threads are told to end; so is `done`.
    jobs: Option<Sender<Job>>,
    done: Option<Receiver<Done>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts up to `count` threads; fewer if the system refuses.
    pub(super) fn start(classifier: &SectionClassifier, count: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (answers, done) = mpsc::channel::<Done>();
        let queue = Arc::new(Mutex::new(queue));
        let threads = (0..count)
            .map_while(|number| {
                let classifier = classifier.clone();
                let queue = Arc::clone(&queue);
                let answers = answers.clone();
                thread::Builder::new()
                    .name(format!("vacancies-{number}"))
                    .spawn(move || work(&classifier, &queue, &answers))
                    .ok()
            })
            .collect();
        Self {
            jobs: Some(jobs),
            done: Some(done),
            threads,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn send(&self, batch: usize, postings: Vec<Posting>) {
        if let Some(jobs) = &self.jobs {
            // Fails only if every thread is gone; then `receive` says so.
            let _ = jobs.send((batch, postings));
        }
    }

    /// The next batch that is finished; `None` if no thread is left to finish one.
    pub(super) fn receive(&self) -> Option<Done> {
        self.done.as_ref()?.recv().ok()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Without a receiver a thread ends after the batch at hand, whatever waits in the queue.
        self.done = None;
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Batches are guarded against panics, so there is nothing to pass on.
            let _ = thread.join();
        }
    }
}

fn work(classifier: &SectionClassifier, queue: &Mutex<Receiver<Job>>, answers: &Sender<Done>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((batch, postings)) = job else {
            return;
        };
        if answers
            .send((batch, classifier.classify_guarded(&postings)))
            .is_err()
        {
            return;
        }
    }
}
