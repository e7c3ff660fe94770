//! The SQL face from outside: every test speaks with the real binary, built with the feature `sql`.

mod history;
mod kit;
mod limits;
mod outside;
mod present;
mod refusals;
mod wire;
