//! The NGSI-LD API from outside, clause by clause: every test speaks HTTP with the real binary.
//!
//! The clauses named in comments are those of ETSI GS CIM 009 v1.9.1, and what is expected comes from
//! there. Each comment of the form `§clause: requirement` is a row of `docs/conformance.md`;
//! a test in `conformance.rs` holds the two together.

mod append_attributes;
mod attribute_kinds;
mod attribute_refusals;
mod bad_input;
mod batch;
mod conformance;
mod create_entity;
mod errors;
mod formats;
mod geo_queries;
mod headers;
mod import;
mod join;
mod jsonld_contexts;
mod kit;
mod limits;
mod merge_entity;
mod mosquitto;
mod mutated;
mod notification_binding;
mod notification_content;
mod notification_mqtt;
mod notification_time;
mod notification_triggers;
mod order;
mod overload;
mod page;
mod paging;
mod post_query;
mod purge_entities;
mod q_language;
mod query_entities;
mod read_again;
mod replace_entity;
mod restart;
mod retrieve_entity;
mod scope;
mod single_attribute;
mod source_identity;
mod subscription_changes;
mod subscriptions;
mod tenant_exports;
mod tenants;
mod types;
