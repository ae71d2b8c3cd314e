//! The network between a job and its store: what becomes of requests, and what is heard of them.

use http::{Method, Request};

use super::mishap::Mishap;
use super::said::Said;
use super::store::Brought;
use super::world::{Flight, World};
use crate::error::{Error, ErrorKind};
use crate::upload::Event;

impl World {
    /// A request comes to its end.
    pub(super) fn land(&mut self, flight: Flight) -> Event {
        let mishap = Mishap::draw(self.trouble, self.last, &mut self.chance);
        self.last = mishap.or(self.last);
        let said = self.outcome(&flight, mishap);
        let Flight {
            id,
            request,
            brought,
            checksum,
        } = flight;
        let success = said.as_ref().is_some_and(Said::is_success);
        if !success || mishap.is_some() {
            self.ledger.grant(brought.length());
        }
        let Some(said) = said else {
            let error = Error::new(ErrorKind::Network, "reset");
            return Event::Failed { id, error };
        };
        if said.status == 301 || said.body.contains("ExpiredToken") {
            self.attempts.excuse(&request);
        }
        Event::Answer {
            id,
            response: said.response(),
            sent_checksum: checksum,
        }
    }

    /// What the store does, and what is heard of it.
    fn outcome(&mut self, flight: &Flight, mishap: Option<Mishap>) -> Option<Said> {
        let request = &flight.request;
        if self.dead_keys.contains(&key_of(request)) {
            return Some(Said::refusal(400, "ExpiredToken"));
        }
        if let Some(mishap) = mishap {
            self.pay_for(mishap, request);
        }
        match mishap {
            None => Some(self.serve(flight)),
            Some(Mishap::Before) => None,
            Some(Mishap::After) => {
                self.serve(flight);
                None
            }
            // An upload that is begun after all others were looked for is nobody's to find.
            Some(Mishap::Late) if is_create(request) => {
                self.serve(flight);
                None
            }
            Some(Mishap::Late) => {
                self.late.push((request.clone(), flight.brought.clone()));
                None
            }
            Some(Mishap::LateError) => {
                self.serve(flight);
                Some(Said::refusal(200, "InternalError"))
            }
            Some(Mishap::Vanished) => {
                self.store.uploads.clear();
                Some(self.serve(flight))
            }
            Some(Mishap::Expired) => {
                self.dead_keys.insert(key_of(request));
                Some(Said::refusal(400, "ExpiredToken"))
            }
            Some(Mishap::Cut) => Some(self.serve(flight).cut()),
            Some(Mishap::OtherTag) => Some(self.lie(Said::with_another_tag, flight)),
            Some(Mishap::OtherChecksum) => match self.setup.checksum {
                Some(checksum) => {
                    let algorithm = checksum.algorithm;
                    Some(self.lie(|said| said.with_another_checksum(algorithm), flight))
                }
                None => Some(self.serve(flight)),
            },
            Some(Mishap::Damaged) => Some(self.damage(flight)),
            Some(Mishap::Refused(status, code)) => Some(Said::refusal(status, code)),
        }
    }

    /// What a mishap gives reason to send again, beside the request's own bytes.
    fn pay_for(&mut self, mishap: Mishap, request: &Request<()>) {
        let query = request.uri().query().unwrap_or_default();
        let completes = *request.method() == Method::POST && query.contains("uploadId=");
        let looks = *request.method() == Method::HEAD;
        let lost = match mishap {
            Mishap::Vanished | Mishap::OtherTag => true,
            // The answer says so, or else the completion.
            Mishap::Damaged => !self.setup.manner.tells,
            Mishap::OtherChecksum => looks || (completes && !self.setup.can_be_compared()),
            // The parts are gone with the completion ("CompleteMultipartUpload", Amazon S3 API Reference), or
            // are not what they should be.
            Mishap::Refused(_, "ConditionalRequestConflict" | "BadDigest") if completes => true,
            // What the store then has can be looked at, or cannot.
            Mishap::After | Mishap::Late | Mishap::LateError | Mishap::Cut => {
                completes && !self.setup.can_be_compared()
            }
            // Who may not look has to believe the worst.
            Mishap::Refused(..) => looks,
            Mishap::Before | Mishap::Expired => false,
        };
        if lost {
            self.ledger.grant(self.setup.length);
        }
    }

    fn serve(&mut self, flight: &Flight) -> Said {
        let wall = self.now().wall;
        self.store.serve(&flight.request, &flight.brought, wall)
    }

    fn lie(&mut self, change: impl Fn(Said) -> Said, flight: &Flight) -> Said {
        self.store.lied = true;
        change(self.serve(flight))
    }

    /// A part becomes another, where somebody can notice: the answer, or the completion, says so.
    fn damage(&mut self, flight: &Flight) -> Said {
        let mut brought = flight.brought.clone();
        let is_part = flight.request.uri().query().is_some();
        if let Brought::Piece(piece) = &mut brought
            && is_part
            && self.setup.checksum.is_some()
        {
            piece.sound = false;
            self.store.lied = true;
        }
        let wall = self.now().wall;
        self.store.serve(&flight.request, &brought, wall)
    }

    /// What is under way when a process dies arrives at once, later, or never.
    pub(super) fn lose(&mut self, flights: Vec<Flight>) {
        for flight in flights {
            self.ledger.grant(flight.brought.length());
            let completes = matches!(flight.brought, Brought::Document(_));
            if completes && !self.setup.can_be_compared() {
                self.ledger.grant(self.setup.length);
            }
            match self.chance.below(3) {
                0 => drop(self.serve(&flight)),
                1 if !is_create(&flight.request) => {
                    self.late.push((flight.request, flight.brought));
                }
                _ => {}
            }
        }
    }
}

fn is_create(request: &Request<()>) -> bool {
    request.uri().query() == Some("uploads")
}

fn key_of(request: &Request<()>) -> String {
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let (_, rest) = authorization.split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}
