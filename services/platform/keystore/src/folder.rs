//! The store in a folder: one file a key, readable by its owner alone.
//!
//! Duty: a key, once handed out, is on the disk; two processes that make the same key at once
//! end up with one. A destroyed key leaves a mark, so that it is not made again.
//!
//! Prohibition: no key is cached, so that a destroyed one is gone everywhere at once. Whoever
//! copies the folder copies the keys: a copy must be destroyed with it.

use crate::port::{Entropy, KeyError, KeyStore, NONCE_BYTES, Purpose, Secret, ServiceKey};
use crate::seal;
use kernel::CustomerId;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What stands in the file of a destroyed key.
const DESTROYED: &[u8] = b"destroyed\n";

/// A key store in a folder.
pub struct FolderKeyStore {
    root: PathBuf,
    entropy: Entropy,
}

impl FolderKeyStore {
    /// Opens the store in that folder, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn open(root: impl Into<PathBuf>, entropy: Entropy) -> Result<Self, KeyError> {
        let root = root.into();
        for folder in [&root, &root.join("customers"), &root.join("house")] {
            make_private_folder(folder)?;
        }
        Ok(Self { root, entropy })
    }

    fn customer_file(&self, customer: CustomerId, purpose: Purpose) -> PathBuf {
        let name = format!("{customer}.{}", purpose.as_str());
        self.root.join("customers").join(name)
    }

    /// The key in that file; a new one where there is none.
    fn read_or_make(&self, file: &Path) -> Result<Secret, KeyError> {
        loop {
            match read(file) {
                Err(KeyError::Unknown) => {
                    let made = self.draft(file, Secret::drawn_from(&self.entropy).expose())?;
                    // A link is refused when the name is taken: whoever comes first makes the key.
                    let linked = fs::hard_link(&made, file);
                    fs::remove_file(&made)?;
                    match linked {
                        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                            return Err(error.into());
                        }
                        Ok(()) | Err(_) => sync_folder_of(file)?,
                    }
                }
                found => return found,
            }
        }
    }

    /// Writes a file beside the one that is meant, complete and on the disk.
    fn draft(&self, file: &Path, content: &[u8]) -> Result<PathBuf, KeyError> {
        let mut unique = [0; 8];
        (self.entropy)(&mut unique);
        let draft = file.with_extension(format!("{:016x}.draft", u64::from_be_bytes(unique)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut opened = options.open(&draft)?;
        opened.write_all(content)?;
        opened.sync_all()?;
        Ok(draft)
    }
}

impl KeyStore for FolderKeyStore {
    fn seal(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        plaintext: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Vec<u8>, KeyError> {
        let key = self.read_or_make(&self.customer_file(customer, purpose))?;
        seal::seal(&key, customer, purpose, plaintext, nonce)
    }

    fn open(
        &self,
        customer: CustomerId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let key = read(&self.customer_file(customer, purpose))?;
        seal::open(&key, customer, purpose, sealed)
    }

    fn destroy(&self, customer: CustomerId, purpose: Purpose) -> Result<(), KeyError> {
        let file = self.customer_file(customer, purpose);
        // Over the key itself first, as far as the disk lets us; then the mark in its place.
        if let Ok(mut old) = OpenOptions::new().write(true).open(&file) {
            old.write_all(&[0; 32])?;
            old.sync_all()?;
        }
        let mark = self.draft(&file, DESTROYED)?;
        fs::rename(&mark, &file)?;
        sync_folder_of(&file)?;
        Ok(())
    }

    fn service_key(&self, key: ServiceKey) -> Result<Secret, KeyError> {
        self.read_or_make(&self.root.join("house").join(key.as_str()))
    }

    fn period_key(&self, key: ServiceKey, period: u64) -> Result<Secret, KeyError> {
        let name = format!("{}.{period}", key.as_str());
        self.read_or_make(&self.root.join("house").join(name))
    }

    fn retire_before(&self, key: ServiceKey, period: u64) -> Result<(), KeyError> {
        let beginning = format!("{}.", key.as_str());
        for entry in fs::read_dir(self.root.join("house"))? {
            let entry = entry?;
            let name = entry.file_name();
            let of = name.to_str().and_then(|name| name.strip_prefix(&beginning));
            let over = of
                .and_then(|of| of.parse::<u64>().ok())
                .is_some_and(|of| of < period);
            if over {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<Secret, KeyError> {
    let mut content = Vec::with_capacity(32);
    match File::open(file) {
        Ok(opened) => opened.take(64).read_to_end(&mut content)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeyError::Unknown),
        Err(error) => return Err(error.into()),
    };
    // Zeros are a destruction that was cut short.
    if content == DESTROYED || content.iter().all(|byte| *byte == 0) && content.len() == 32 {
        return Err(KeyError::Destroyed);
    }
    <[u8; 32]>::try_from(content.as_slice())
        .map(Secret::from_bytes)
        .map_err(|_| KeyError::Damaged(file.display().to_string()))
}

/// Removes a key, over itself first. Another process may have been quicker.
fn remove(file: &Path) -> Result<(), KeyError> {
    if let Ok(mut old) = OpenOptions::new().write(true).open(file) {
        old.write_all(&[0; 32])?;
        old.sync_all()?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => sync_folder_of(file),
    }
}

fn make_private_folder(folder: &Path) -> Result<(), KeyError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    Ok(())
}

/// A new name is on the disk only when its folder is.
fn sync_folder_of(file: &Path) -> Result<(), KeyError> {
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::counting_entropy;
    use std::sync::Arc;

    const CUSTOMER: CustomerId = CustomerId::example(1, 0);

    fn open(root: &Path) -> FolderKeyStore {
        FolderKeyStore::open(root, counting_entropy()).expect("the folder can be made")
    }

    #[test]
    fn keeps_the_contract() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = std::sync::atomic::AtomicU32::new(0);
        crate::contract::check(&|| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Arc::new(open(&folder.path().join(number.to_string())))
        });
    }

    #[test]
    fn keys_survive_the_process() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let before = open(folder.path());
        let sealed = before
            .seal(CUSTOMER, Purpose::Profile, b"Anna", [1; 24])
            .expect("sealed");
        let house = before.service_key(ServiceKey::LoginHash).expect("made");
        before
            .destroy(CUSTOMER, Purpose::Payout)
            .expect("destroyed");
        let after = open(folder.path());
        let opened = after.open(CUSTOMER, Purpose::Profile, &sealed);
        assert_eq!(opened.expect("opened"), b"Anna");
        assert_eq!(
            after.service_key(ServiceKey::LoginHash).expect("kept"),
            house
        );
        let destroyed = after.seal(CUSTOMER, Purpose::Payout, b"x", [2; 24]);
        assert!(matches!(destroyed, Err(KeyError::Destroyed)));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = open(&folder.path().join("keys"));
        store.service_key(ServiceKey::TokenSigning).expect("made");
        store.destroy(CUSTOMER, Purpose::Profile).expect("marked");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&store.root), 0o700);
        let file = store.root.join("house/token-signing");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(
            mode(&store.customer_file(CUSTOMER, Purpose::Profile)),
            0o600
        );
    }

    #[test]
    fn no_draft_is_left_behind() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = open(folder.path());
        store.service_key(ServiceKey::TokenSigning).expect("made");
        let left = fs::read_dir(folder.path().join("house")).expect("there");
        assert_eq!(left.count(), 1);
    }

    #[test]
    fn a_damaged_key_file_is_told_and_not_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = open(folder.path());
        fs::write(folder.path().join("house/login-hash"), b"short").expect("written");
        let damaged = store.service_key(ServiceKey::LoginHash);
        assert!(matches!(damaged, Err(KeyError::Damaged(_))));
    }

    #[test]
    fn a_destruction_that_was_cut_short_has_destroyed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = open(folder.path());
        let sealed = store
            .seal(CUSTOMER, Purpose::Profile, b"Anna", [1; 24])
            .expect("sealed");
        fs::write(store.customer_file(CUSTOMER, Purpose::Profile), [0; 32]).expect("written");
        let opened = store.open(CUSTOMER, Purpose::Profile, &sealed);
        assert!(matches!(opened, Err(KeyError::Destroyed)));
    }

    #[test]
    fn of_two_that_make_a_key_at_once_both_get_the_same() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(open(folder.path()));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let store = Arc::clone(&store);
                std::thread::spawn(move || store.service_key(ServiceKey::LoginHash).expect("made"))
            })
            .collect();
        let keys: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
