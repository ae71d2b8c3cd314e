//! Faults of each kind, and what each of them does to a request.

use localcloud::FaultKind;

/// What becomes of a request that meets a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is carried out, and the answer says so.
    Harmless,
    /// It is not carried out, and the next one may be.
    Passing,
    /// It is not carried out, and no other will be.
    Lasting,
    /// It is carried out, and the answer does not say so.
    Unheard,
    /// It is not carried out, for its credentials.
    Expired,
    /// It is carried out, and the answer tells of other bytes.
    Corrupt,
    /// It is carried out, and the next one is signed by a clock that is ahead.
    SetAhead,
    /// It is carried out, and the next one is signed by a clock that is behind.
    SetBack,
}

impl Effect {
    pub fn keeps_from_being_carried_out(self) -> bool {
        matches!(self, Self::Passing | Self::Lasting | Self::Expired)
    }

    pub fn keeps_from_being_heard(self) -> bool {
        self.keeps_from_being_carried_out() || self == Self::Unheard
    }

    /// Whether a server may do so for ever. One that judges by another clock than it tells is no server.
    pub fn can_last(self) -> bool {
        !matches!(self, Self::SetAhead | Self::SetBack)
    }
}

/// A fault without its operation.
#[derive(Debug)]
pub struct Spec {
    /// `KIND[=VALUE][,OPTION=VALUE…]`
    pub text: &'static str,
    pub effect: Effect,
    /// What the user has to read of it when it does not end.
    pub told: &'static str,
}

const fn spec(text: &'static str, effect: Effect, told: &'static str) -> Spec {
    Spec { text, effect, told }
}

/// The faults that stand for a kind.
pub fn of(kind: FaultKind) -> &'static [Spec] {
    match kind {
        FaultKind::Status => {
            const {
                &[
                    spec("status=503,code=SlowDown", Effect::Passing, "SlowDown"),
                    spec("status=500", Effect::Passing, "InternalError"),
                    spec(
                        "status=429,retry-after=1",
                        Effect::Passing,
                        "TooManyRequests",
                    ),
                    spec(
                        "status=403,code=AccessDenied",
                        Effect::Lasting,
                        "AccessDenied",
                    ),
                ]
            }
        }
        FaultKind::Reset => const { &[spec("reset=0", Effect::Passing, "")] },
        FaultKind::Stall => const { &[spec("stall=60", Effect::Passing, "")] },
        FaultKind::Slow => const { &[spec("slow=200ms", Effect::Harmless, "")] },
        FaultKind::Truncate => const { &[spec("truncate", Effect::Unheard, "")] },
        FaultKind::ErrorIn200 => {
            const {
                &[spec(
                    "error-in-200,code=InternalError",
                    Effect::Passing,
                    "InternalError",
                )]
            }
        }
        FaultKind::ExpiredToken => {
            const { &[spec("expired-token", Effect::Expired, "ExpiredToken")] }
        }
        FaultKind::Lost => const { &[spec("lost", Effect::Unheard, "")] },
        FaultKind::LateError => {
            const { &[spec("late-error=500", Effect::Unheard, "InternalError")] }
        }
        FaultKind::Repeat => const { &[spec("repeat", Effect::Unheard, "InternalError")] },
        FaultKind::Corrupt => const { &[spec("corrupt", Effect::Corrupt, "may be damaged")] },
        FaultKind::Skew => {
            const {
                &[
                    spec("skew=7200", Effect::SetAhead, "RequestTimeTooSetAhead"),
                    spec("skew=-7200", Effect::SetBack, "RequestTimeTooSetAhead"),
                ]
            }
        }
    }
}
