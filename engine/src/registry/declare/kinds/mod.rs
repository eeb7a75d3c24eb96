//! What is particular to the declaration of each kind.

mod info;
mod state_set;
mod summary;
