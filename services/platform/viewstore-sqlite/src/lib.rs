//! The embedded view store: one SQLite file in a data folder.
//!
//! Duty: keep the promises of the `viewstore` port. Rows and the progress that they stand at are
//! written in one transaction, by one thread, many applies at a time; queries run beside it.
//!
//! Prohibition: the file is disposable, and treated so. It is written with `synchronous=NORMAL`,
//! so a power cut may take the last transactions (rows and progress alike) and the projectors
//! write them again. A file that is damaged or of another format is thrown away when it is
//! opened. One process writes it: the one that holds the folder's event log for writing; others
//! look at it through `ReadOnlyViews`, which repairs nothing.

mod file;
mod read_only;
mod store;
mod writer;

pub use read_only::ReadOnlyViews;
pub use store::{OpenError, Opened, SqliteViewStore};
