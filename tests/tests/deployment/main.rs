//! The files by which furlong is deployed, read and compared with furlong itself.
//!
//! Nothing is started here but one embedded node: what a container engine would find out is not
//! found out. What is checked is that the files keep to what we ask of them (pinned, local, gated,
//! without root) and that they and the code speak of the same things: commands, settings, figures,
//! headings of the runbook. Each check is also shown a file that breaks it.

mod asvs;
mod compose;
mod figures;
mod front;
mod image;
mod repository;
mod runbook;
mod settings;
mod watching;
