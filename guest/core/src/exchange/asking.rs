//! What the requests under way need next.

use super::{Exchange, Exchanges, Purpose, Signature, State, Todo};
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::Error;

impl<P: Purpose> Exchanges<P> {
    /// What has to be done for the oldest request that is not waiting for anything. A request that
    /// cannot be built is an error of the job.
    pub(crate) fn next(&mut self, job: &P::Job, now: Now) -> Result<Option<Todo<P::Body>>, Error> {
        let due = |exchange: &&mut Exchange<P>| match exchange.state {
            State::Ready | State::Signing(_) => true,
            State::Waiting { until } => until <= now.monotonic,
            State::Sent => false,
        };
        let Some(exchange) = self.open.iter_mut().find(due) else {
            return Ok(None);
        };
        if let State::Waiting { .. } = exchange.state {
            exchange.state = State::Ready;
        }
        if let State::Signing(credentials) = &exchange.state {
            let credentials = credentials.clone();
            return exchange.send(job, &credentials, now).map(|todo| {
                self.carried += u32::from(exchange.purpose.range().is_some());
                Some(todo)
            });
        }
        if !exchange.announced && exchange.purpose.can_be_stopped() {
            exchange.announced = true;
            let attempt = u32::from(exchange.attempts) + 1;
            return Ok(Some(Todo::Announce(attempt)));
        }
        self.asked = Some(exchange.id);
        Ok(Some(exchange.ask(job)))
    }
}

impl<P: Purpose> Exchange<P> {
    fn ask(&self, job: &P::Job) -> Todo<P::Body> {
        let missing = |range| {
            let algorithm = self.purpose.missing_digest(job, &self.digests)?;
            Some(Todo::Digest { algorithm, range })
        };
        let digest = self.purpose.range().and_then(missing);
        digest.unwrap_or_else(|| Todo::Credentials {
            rejected: self.rejected.clone(),
        })
    }

    fn send(
        &mut self,
        job: &P::Job,
        credentials: &Credentials,
        now: Now,
    ) -> Result<Todo<P::Body>, Error> {
        let (request, body) = self
            .purpose
            .request(job, &self.digests, credentials, now.wall)?;
        self.attempts = self.attempts.saturating_add(1);
        self.signature = Some(Signature {
            access_key_id: credentials.access_key_id().to_owned(),
            at: now,
        });
        self.state = State::Sent;
        Ok(Todo::Send {
            id: self.id,
            request: Box::new(request),
            body,
        })
    }
}
