//! The disk: with the power gone after every single effect, and with every file damaged.

mod damage;
mod driver;
mod power_cuts;
mod processes;
pub(crate) mod recording;
