//! The decisions, by examples and through random histories.

mod device;
mod happening;
mod histories;
mod history;
mod offers;
mod persons;
mod trials;
