//! How many sockets a customer is signed in on.
//!
//! Duty: a seat for each, given back with its socket. Prohibition: who is not signed in takes none:
//! those are counted as connections of their address.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of sockets of one process"
)]

use kernel::CustomerId;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The seats of one process.
#[derive(Clone, Default)]
pub(crate) struct Seats(Arc<Mutex<FxHashMap<CustomerId, usize>>>);

/// One of them.
pub(crate) struct Seat {
    seats: Seats,
    customer: CustomerId,
}

impl Seats {
    fn taken(&self) -> MutexGuard<'_, FxHashMap<CustomerId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None: the customer has as many as there are.
    pub(crate) fn take(&self, customer: CustomerId, most: usize) -> Option<Seat> {
        let mut taken = self.taken();
        let his = taken.get(&customer).copied().unwrap_or(0);
        if his >= most {
            return None;
        }
        taken.insert(customer, his + 1);
        Some(Seat {
            seats: self.clone(),
            customer,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(his) = taken.get_mut(&self.customer) {
            *his = his.saturating_sub(1);
            if *his == 0 {
                taken.remove(&self.customer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_has_so_many_and_gets_them_back() {
        let seats = Seats::default();
        let (anna, bob) = (CustomerId::example(1, 0), CustomerId::example(2, 0));
        let first = seats.take(anna, 2);
        let second = seats.take(anna, 2);
        assert!(first.is_some() && second.is_some());
        assert!(seats.take(anna, 2).is_none());
        assert!(seats.take(bob, 2).is_some());
        drop(first);
        assert!(seats.take(anna, 2).is_some());
        drop(second);
        assert_eq!(seats.taken().len(), 0);
    }
}
