//! How the service is, for `/healthz` and `/readyz`.

/// How the service is. What it says is seen by every local user.
pub trait Status: Send + Sync {
    /// Whether it works at all, or why it should be restarted.
    fn healthy(&self) -> Result<(), String>;

    /// Whether it does its work at the moment, or why not.
    fn ready(&self) -> Result<(), String>;
}
