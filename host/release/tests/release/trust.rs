//! TUF on the device.

mod attacks;
mod components;
mod forge;
mod looks;
mod rotations;
