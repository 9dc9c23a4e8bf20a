//! The key store: what makes personal data readable, and what can be destroyed.
//!
//! Duty: one key per customer and purpose, so that a customer's data can be made unreadable for
//! ever without touching a record; and the few keys of the whole house. The port, a store in
//! memory, a store in a folder, and the contract test that both pass.
//!
//! Prohibition: no customer's key leaves the store; it seals and opens itself. No key and no
//! plaintext is ever printed. A destroyed key is never made again.

mod folder;
mod memory;
mod port;
mod seal;

pub mod contract;

pub use folder::FolderKeyStore;
pub use memory::MemoryKeyStore;
pub use port::{Entropy, KeyError, KeyStore, NONCE_BYTES, Purpose, Secret, ServiceKey};
