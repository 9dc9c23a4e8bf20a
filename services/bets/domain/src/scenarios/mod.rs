//! The rules of slips as scenarios: given what was recorded, when this is asked, then that.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test that overflows fails, which is what it is for"
)]

mod budget;
mod cancel;
mod cash_out;
mod cash_out_meets;
mod cash_out_storm;
mod customer;
mod delay;
mod factor;
mod hold;
mod kinds;
mod origin;
mod own_limits;
mod place;
mod promotion;
mod promotion_meets;
mod promotion_properties;
mod properties;
mod refer;
mod reoffer;
mod settle;
mod snapshot;
mod stale_prices;
mod world;
