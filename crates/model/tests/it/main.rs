//! The model tried on real data and against outside implementations.

mod contexts;
