//! What the past tells, asked over an archive that the tests fill themselves.

mod aggregating;
mod bad_input;
mod city;
mod cutting;
mod naive;
mod post_query;
mod querying;
mod representing;
mod retrieving;
