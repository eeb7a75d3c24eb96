//! What is particular to the declaration of each kind.

mod counter;
mod duration_counter;
mod float_counter;
mod gauge;
mod histogram;
mod info;
mod state_set;
mod summary;
mod up_down_counter;
