//! What answers mean for the requests under way.

use std::time::Duration;

use super::{Ended, Exchange, Exchanges, Finished, Purpose, RequestId, State};
use crate::checksum::Digest;
use crate::clock::{self, Now};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::retry::{History, Retry};
use crate::s3::error::other_region;

/// How long after a request could not leave another one is made for it: a place may be kept for it,
/// and a sender that says so at once must not be asked without a pause.
const AGAIN: Duration = Duration::from_millis(250);

impl<P: Purpose> Exchanges<P> {
    /// Takes in credentials that were asked for.
    pub(crate) fn credentials(
        &mut self,
        credentials: Result<Credentials, Error>,
        now: Now,
        random: u64,
    ) -> Ended<P, P::Receipt> {
        let Some(exchange) = self.asked() else {
            return Ended::Nothing;
        };
        if !matches!(exchange.state, State::Ready) {
            return Ended::Nothing;
        }
        match credentials {
            Ok(credentials)
                if exchange.rejected.as_deref() == Some(credentials.access_key_id()) =>
            {
                let (id, error) = (exchange.id, still_rejected(&credentials));
                self.finish(id, Err(error))
            }
            Ok(credentials) => {
                exchange.rejected = None;
                exchange.state = State::Signing(credentials);
                Ended::Nothing
            }
            Err(error) => {
                let id = exchange.id;
                self.attempted(id);
                self.failed(id, error, None, now, random)
            }
        }
    }

    /// Takes in a checksum that was asked for, in base64 of its big-endian bytes.
    pub(crate) fn digest(&mut self, digest: Result<Digest, Error>) -> Ended<P, P::Receipt> {
        let Some(exchange) = self.asked() else {
            return Ended::Nothing;
        };
        match digest {
            Ok(digest) => {
                exchange.digests.push(digest);
                Ended::Nothing
            }
            Err(error) => {
                let id = exchange.id;
                self.finish(id, Err(error))
            }
        }
    }

    /// Takes in the answer to a request.
    pub(crate) fn answered(
        &mut self,
        job: &P::Job,
        id: RequestId,
        response: &Response,
        sent: Option<&str>,
        now: Now,
        random: u64,
    ) -> Ended<P, P::Receipt> {
        let Some(exchange) = self.sent(id) else {
            return Ended::Nothing;
        };
        match exchange
            .purpose
            .judge(job, &exchange.digests, response, sent)
        {
            Ok(receipt) => {
                let retried = exchange.attempts > 1;
                self.quota.refund(retried);
                self.progressed = now.monotonic;
                self.finish(id, Ok(receipt))
            }
            Err(error) => match other_region(response, exchange.purpose.store(job)) {
                Some(region) => Ended::Elsewhere { id, region, error },
                None => self.failed(id, error, response.date(), now, random),
            },
        }
    }

    /// A request has not left, because others were before it. It is made anew, for a signature does
    /// not keep, and costs neither an attempt nor anything of the quota: nothing has failed. It ends
    /// with the patience of the job, so that it ends.
    pub(crate) fn not_sent(&mut self, id: RequestId, now: Now) -> Ended<P, P::Receipt> {
        let until = now.monotonic.saturating_add(AGAIN);
        let patient = until.saturating_sub(self.progressed) <= self.policy.patience;
        let Some(exchange) = self.sent(id) else {
            return Ended::Nothing;
        };
        exchange.attempts = exchange.attempts.saturating_sub(1);
        exchange.signature = None;
        exchange.state = State::Waiting { until };
        let carries = exchange.purpose.range().is_some();
        self.carried = self.carried.saturating_sub(u32::from(carries));
        if patient {
            return Ended::Nothing;
        }
        let message = "no request to the store could leave: as many as may be are under way";
        self.finish(id, Err(Error::new(ErrorKind::Unavailable, message)))
    }

    /// Sends a request again as if it had not been sent: its place has changed.
    pub(crate) fn again(&mut self, id: RequestId) {
        if let Some(exchange) = self.find(id) {
            exchange.state = State::Ready;
            exchange.attempts = exchange.attempts.saturating_sub(1);
        }
    }

    /// A request came to no answer, or to one that is an error.
    pub(crate) fn failed(
        &mut self,
        id: RequestId,
        error: Error,
        server_date: Option<i64>,
        now: Now,
        random: u64,
    ) -> Ended<P, P::Receipt> {
        let (policy, started, progressed) = (self.policy, self.started, self.progressed);
        let mut quota = self.quota;
        let Some(exchange) = self.find(id) else {
            return Ended::Nothing;
        };
        let history = History {
            started,
            progressed,
            attempts: exchange.attempts,
            refreshed: exchange.refreshed,
            clock_corrected: exchange.clock_corrected(server_date, now),
        };
        let retry = if exchange.purpose.is_final(&error) {
            Retry::GiveUp
        } else {
            policy.decide(history, &error, &mut quota, random, now)
        };
        let ended = match retry {
            Retry::GiveUp => return self.finish(id, Err(error)),
            Retry::After(delay) => {
                exchange.wait(now.monotonic.saturating_add(delay));
                Ended::Retrying {
                    reason: error.message.clone(),
                    delay,
                }
            }
            Retry::Refresh => {
                exchange.refresh();
                Ended::Retrying {
                    reason: error.message.clone(),
                    delay: Duration::ZERO,
                }
            }
        };
        self.quota = quota;
        self.note(error);
        ended
    }

    fn attempted(&mut self, id: RequestId) {
        if let Some(exchange) = self.find(id) {
            exchange.attempts = exchange.attempts.saturating_add(1);
        }
    }

    fn finish(&mut self, id: RequestId, result: Result<P::Receipt, Error>) -> Ended<P, P::Receipt> {
        let Some(index) = self.open.iter().position(|exchange| exchange.id == id) else {
            return Ended::Nothing;
        };
        let Exchange {
            purpose, attempts, ..
        } = self.open.remove(index);
        Ended::Finished(Finished {
            purpose,
            attempts,
            result,
        })
    }

    fn asked(&mut self) -> Option<&mut Exchange<P>> {
        let id = self.asked.take()?;
        self.find(id)
    }

    fn sent(&mut self, id: RequestId) -> Option<&mut Exchange<P>> {
        let exchange = self.find(id)?;
        matches!(exchange.state, State::Sent).then_some(exchange)
    }
}

impl<P> Exchange<P> {
    fn wait(&mut self, until: Duration) {
        self.announced = false;
        self.state = State::Waiting { until };
    }

    fn refresh(&mut self) {
        self.refreshed = true;
        self.attempts = self.attempts.saturating_sub(1);
        self.announced = false;
        let signature = self.signature.take();
        self.rejected = signature.map(|signature| signature.access_key_id);
        self.state = State::Ready;
    }

    fn clock_corrected(&self, server_date: Option<i64>, now: Now) -> bool {
        let signature = self.signature.as_ref();
        signature.is_some_and(|signature| clock::corrected(signature.at, server_date, now))
    }
}

fn still_rejected(credentials: &Credentials) -> Error {
    let id = credentials.access_key_id();
    Error::new(
        ErrorKind::ExpiredCredentials,
        format!("the store rejects the access key `{id}`, and no other was to be had"),
    )
    .with_cure("check that the credentials are meant for this store, and this device's clock")
}
