//! From what is wanted to the bytes that are read: a thread of its own, and what it hands out.

pub(crate) mod body;
mod buffer;
pub(crate) mod coding;
mod compress;
mod queue;
pub(crate) mod renderer;
pub(crate) mod wanted;
mod workshop;
