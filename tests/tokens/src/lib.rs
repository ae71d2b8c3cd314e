//! PKCS#11 tokens for tests and benchmarks, made of the software that users have: `SoftHSM`, and a
//! software TPM behind tpm2-pkcs11. `tests/run` installs both.
//!
//! Each token is in a directory of its own and ends with its value. Modules find theirs by variables of
//! the environment, so that a process uses one token of a kind: a child that is given
//! [`Token::environment`].

mod daemon;
mod software;
mod token;
mod tpm;

pub use daemon::Daemon;
pub use token::Token;
