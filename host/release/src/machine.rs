//! The decisions: a pure state machine, `(state, event) -> (state, effects)`, without clock and IO.
//!
//! ```text
//!            Offered            Downloaded          Checked        window open
//!   idle ──────────► downloading ───────► verified ───────► staged ───────────► trial
//!    ▲                    │                  │                 │                │   │
//!    │   failed without   │  not as signed   │  check failed   │ abandoned      │   │ N jobs, healthy
//!    ├────────────────────┴──────────────────┴─────────────────┘                │   ▼
//!    │   rolled back, or unable to                         trap, timeout, rate, │ committed
//!    └───────────────────────────────────── rolling back ◄── death, a lie ──────┘
//! ```
//!
//! Whoever drives it writes the new state down and then does what the effects say; every effect may be done
//! again, and [`Event::Started`] asks for those that a dead process may have left undone.

mod admission;
mod by_hand;
mod circumstances;
mod conclusion;
mod effect;
mod event;
mod failed_digests;
mod listing;
mod refusal;
mod state;
mod step;
mod trial;

pub use circumstances::{Circumstances, Tally, TrialRule, Window};
pub use conclusion::{Conclusion, Failure, Outcome};
pub use effect::{Choice, Effect, Turn};
pub use event::{Event, Requester, RollBackTo, Verdict};
pub use failed_digests::{FailedDigests, REMEMBERED};
pub use listing::{Listed, Standing};
pub use refusal::Refusal;
pub use state::{MOST_CHECKS, Phase, SlotName, Stage, State, Trial};
pub use step::Step;
