//! Signed releases as their publishers make them, and what a device, or the reference implementation of TUF, makes of
//! those.

mod components;
mod holders;
mod publishing;
mod reference;
mod refused;
mod rotation;
mod tokens;
