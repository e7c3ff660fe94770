//! Too much of everything: writers, connections, slow heads, readers who do not read. Nobody else is harmed.

mod alone;
