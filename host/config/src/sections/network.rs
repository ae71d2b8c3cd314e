//! `[network]`: how servers are reached, and which.

use crate::section::Section;
use crate::value::{OrNone, Value};
use crate::{
    ByteSize, Environment, Error, OriginPattern, ProxyUrl, RateLimit, TimeLimit, Timetable,
};

use super::timetable;

/// `[network]`: proxies, limits, and what the component may reach.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Network {
    /// Proxies, from `proxy` and `no_proxy` or else the environment.
    pub proxies: Proxies,
    /// How long each phase of a request may take.
    pub timeouts: Timeouts,
    /// Connections to one origin at a time; 1–256, default 8.
    pub max_connections: u32,
    /// The largest answer; 64 KiB–1 GiB, default 8 MiB.
    pub response_limit: ByteSize,
    /// Origins that the component may reach besides the configured endpoints.
    pub allow: Vec<OriginPattern>,
    /// How fast the bodies of all requests together go out; default none.
    pub limit_rate: RateLimit,
    /// The times of day at which another limit holds.
    pub timetable: Timetable,
}

/// Proxies by the scheme of the requests that go through them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` requests: `network.proxy`, else `http_proxy`, else
    /// `HTTP_PROXY`.
    pub http: Option<ProxyUrl>,
    /// For `https` requests: `network.proxy`, else `https_proxy`, else
    /// `HTTPS_PROXY`.
    pub https: Option<ProxyUrl>,
    /// Hosts that are reached directly, each as curl's `NO_PROXY` has them: a
    /// name that also stands for all names below it, an address, a network such
    /// as `10.0.0.0/8`, or `*`. Neither empty nor with spaces around.
    pub no_proxy: Vec<String>,
}

/// How long each phase of a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a TCP connection stands, names resolved; default 10 s.
    pub connect: TimeLimit,
    /// For the TLS handshake; default 10 s.
    pub tls: TimeLimit,
    /// From the request's last byte to the answer's first; default 60 s.
    pub first_byte: TimeLimit,
    /// Without any byte sent or received in a body; default 30 s.
    pub idle: TimeLimit,
}

impl Network {
    pub(crate) const NAME: &'static str = "network";

    pub(crate) fn read(mut section: Section<'_>, env: &Environment) -> Result<Self, Error> {
        let network = Self {
            proxies: Proxies::read(&mut section, env)?,
            timeouts: Timeouts::read(&mut section)?,
            max_connections: section
                .optional("max_connections", |value| value.count(&(1..=256)))?
                .unwrap_or(8),
            response_limit: section
                .optional("response_limit", |value| {
                    value.size(&(ByteSize::from_kib(64)..=ByteSize::from_mib(1024)))
                })?
                .unwrap_or(ByteSize::from_mib(8)),
            allow: section
                .optional("allow", Value::parse_list)?
                .unwrap_or_default(),
            limit_rate: section
                .optional("limit_rate", Value::rate_limit)?
                .unwrap_or_default(),
            timetable: section
                .optional("timetable", timetable::read)?
                .unwrap_or_default(),
        };
        section.finish()?;
        Ok(network)
    }

    /// Lets this limit hold at all times, whatever the configuration says.
    pub fn limit_rate_always(&mut self, limit: RateLimit) {
        self.limit_rate = limit;
        self.timetable = Timetable::default();
    }
}

impl Proxies {
    fn read(section: &mut Section<'_>, env: &Environment) -> Result<Self, Error> {
        let no_proxy = match section.optional("no_proxy", Value::parse_list)? {
            Some(hosts) => hosts,
            None => split(first(env, ["no_proxy", "NO_PROXY"])?.map_or("", |(_, hosts)| hosts)),
        };
        let (http, https) = match section.optional("proxy", Value::parse_unless_none::<ProxyUrl>)? {
            Some(OrNone::Some(proxy)) => (Some(proxy.clone()), Some(proxy)),
            Some(OrNone::None) => (None, None),
            None => (
                proxy(env, ["http_proxy", "HTTP_PROXY"])?,
                proxy(env, ["https_proxy", "HTTPS_PROXY"])?,
            ),
        };
        Ok(Self {
            http,
            https,
            no_proxy,
        })
    }
}

/// The proxy that the first of the variables names.
fn proxy(env: &Environment, variables: [&'static str; 2]) -> Result<Option<ProxyUrl>, Error> {
    let Some((variable, url)) = first(env, variables)? else {
        return Ok(None);
    };
    match url.parse() {
        Ok(proxy) => Ok(Some(proxy)),
        Err(error) => Err(Error::variable(variable, error.to_string())),
    }
}

fn first<'e>(
    env: &'e Environment,
    variables: [&'static str; 2],
) -> Result<Option<(&'static str, &'e str)>, Error> {
    for variable in variables {
        if let Some(value) = env.text(variable)? {
            return Ok(Some((variable, value)));
        }
    }
    Ok(None)
}

fn split(hosts: &str) -> Vec<String> {
    hosts
        .split([',', ' ', '\t'])
        .filter(|host| !host.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Timeouts {
    fn read(section: &mut Section<'_>) -> Result<Self, Error> {
        let mut limit = |key, default| {
            let limit = section.optional(key, Value::time_limit)?;
            Ok::<TimeLimit, Error>(limit.unwrap_or(default))
        };
        Ok(Self {
            connect: limit("connect_timeout", TimeLimit::from_secs::<10>())?,
            tls: limit("tls_timeout", TimeLimit::from_secs::<10>())?,
            first_byte: limit("first_byte_timeout", TimeLimit::from_secs::<60>())?,
            idle: limit("idle_timeout", TimeLimit::from_secs::<30>())?,
        })
    }
}
