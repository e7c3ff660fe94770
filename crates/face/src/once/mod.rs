//! What a write came to, and how that is remembered where the client may repeat the request.

mod answer;
mod effect;

pub use answer::{ANSWERS, Answer, DeriveAnswers, EXPIRES, earlier, is_answer};
pub use effect::{BatchResult, Effect, NotUpdated, UpdateResult};
