//! Egress policy and pooled mutual-TLS clients.
//!
//! A [`Network`] is the only way out of the host. It asks its [`Policy`] about each request, presents the
//! device identity exactly where the policy says so, judges the address that it connects to, and bounds
//! every phase in time, every response in size and all bodies together in their rate. Identity and
//! anonymous connections never mix.
//!
//! It does not retry beyond what HTTP makes safe, follow redirects, keep cookies or decompress: what a
//! response means is decided elsewhere.

mod address;
mod clients;
mod connector;
mod error;
mod exchange;
mod identity;
mod local_time;
mod network;
mod no_proxy;
mod pacer;
mod policy;
mod proxy;
mod request_body;
mod response_body;
mod roots;
mod settings;
mod tasks;
mod throttle;
mod turns;

pub use address::{AddressRule, Refusal};
pub use clients::Turn;
pub use connector::{ConnectError, ProxyFailure, TlsFailure};
pub use error::{BoxError, Error, NetworkError, Stalled};
pub use exchange::AnsweredEarly;
pub use identity::{CurrentIdentity, IdentitySource};
pub use local_time::time_of_day;
pub use network::Network;
pub use no_proxy::{NoProxy, NoProxyError};
pub use policy::{Decision, DirectoryRule, Grant, Policy, RequestRule, Rule};
pub use proxy::Proxies;
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use settings::{Reach, RequestLimits, Roots, Settings, Timeouts};
pub use throttle::Rates;
