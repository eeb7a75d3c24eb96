//! The channels between the stages.

use std::sync::{Arc, Weak};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::envelope::Batch;

/// Batches that fit into the channel between two stages. Small: what waits in channels is latency.
pub(super) const EDGE_BATCHES: usize = 8;

/// The channel between two stages.
#[derive(Debug)]
pub struct Edge<T> {
    /// The end of the stage before it.
    pub sender: Sender<Batch<T>>,
    /// The end of the stage after it, which is its only owner: when that stage ends, the one before it learns of it.
    pub receiver: Arc<Receiver<Batch<T>>>,
}

impl<T> Edge<T> {
    /// An empty channel.
    pub fn new() -> Self {
        let (sender, receiver) = bounded(EDGE_BATCHES);
        Self { sender, receiver: Arc::new(receiver) }
    }

    /// Reads the depth of the channel in batches, for as long as there is a stage behind it. Costs the stages nothing.
    pub fn depth(&self) -> impl Fn() -> f64 + Send + Sync + 'static
    where
        T: Send + 'static,
    {
        let receiver: Weak<_> = Arc::downgrade(&self.receiver);
        move || receiver.upgrade().map_or(0.0, |receiver| receiver.len() as f64)
    }
}

impl<T> Default for Edge<T> {
    fn default() -> Self {
        Self::new()
    }
}
