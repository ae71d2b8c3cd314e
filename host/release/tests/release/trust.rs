//! TUF on the device.

mod attacks;
mod components;
mod forge;
mod listings;
mod looks;
mod rotations;
mod together;
