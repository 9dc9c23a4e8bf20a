//! Bots that bet.
//!
//! Duty: some customers who place small slips at the gateway's door like anybody else, so that
//! there is something to see. Prohibition: no short cut: what a bot does, a customer could do.

use crate::exit::Failure;
use crate::house_tokens::HouseTokens;
use crate::node::Node;
use anyhow::Context;
use axum::body::Body;
use axum::http::Request;
use eventlog::Dice;
use gateway::ports::Tokens;
use kernel::{CustomerId, SessionId};
use markets::{MarketStatus, MarketView};
use runtime::{Clock, Shared, SystemEntropy};
use schemas::auth::Role;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// How many.
pub(super) const BOTS: u64 = 25;
/// Between two bets of any of them: twenty a second.
const BET_EVERY: Duration = Duration::from_millis(50);
/// What a bot begins with: ten thousand euros.
const FUNDS_MINOR: i64 = 1_000_000;

/// Lets them in and sets them going.
///
/// # Errors
/// They cannot be registered.
pub(super) async fn start(node: &mut Node, seed: u64) -> Result<(), Failure> {
    let entropy = Arc::new(SystemEntropy);
    let now = node.engine.ground().clock.now();
    let tokens = HouseTokens::new(Arc::clone(&node.keys), entropy.clone(), now)
        .context("tokens cannot be signed")?;
    let registrar = node.registrar();
    let mut bots = Vec::new();
    for number in 0..BOTS {
        let login = format!("bot-{number}");
        bots.push(
            registrar
                .customer_without_password(&login, FUNDS_MINOR)
                .await?,
        );
    }
    let player = Player {
        bots,
        tokens,
        clock: Arc::clone(&node.engine.ground().clock),
        markets: Arc::clone(&node.engine.markets),
        dice: Dice::new(seed ^ 0xb075),
        // A second run on the same data must not repeat the keys of the first.
        run: node.engine.ground().clock.now().micros(),
    };
    let router = node.gateway.router();
    node.engine.beside(player.play(router));
    Ok(())
}

struct Player {
    bots: Vec<CustomerId>,
    tokens: HouseTokens,
    clock: Arc<dyn Clock>,
    markets: Arc<Shared<MarketView>>,
    dice: Dice,
    run: i64,
}

impl Player {
    async fn play(mut self, router: axum::Router) {
        let mut number = 0_u64;
        loop {
            tokio::time::sleep(BET_EVERY).await;
            number = number.saturating_add(1);
            if let Some(request) = self.next_bet(number) {
                let router = router.clone();
                // A bet in play waits out its delay; the next bot does not wait for it.
                tokio::spawn(async move {
                    match router.oneshot(request).await {
                        Ok(response) => tracing::trace!(status = %response.status(), "bot"),
                        Err(never) => match never {},
                    }
                });
            }
        }
    }

    fn next_bet(&mut self, number: u64) -> Option<Request<Body>> {
        let which = self.dice.below(self.bots.len().try_into().ok()?);
        let customer = *self.bots.get(usize::try_from(which).ok()?)?;
        let legs = self.legs()?;
        let bet_type = if legs.len() == 1 { "single" } else { "double" };
        let euros = self.dice.below(20).saturating_add(1);
        let body = serde_json::json!({
            "type": bet_type,
            "legs": legs,
            "stake": {"amount": format!("{euros}.00"), "currency": "EUR"},
            "price_policy": if self.dice.permille(700) { "any" } else { "better" },
            "each_way": false,
        });
        let session = SessionId::from_bytes(customer.bytes());
        let token = self
            .tokens
            .issue(customer, session, &[Role::Customer], None, self.clock.now());
        Request::post("/v1/bets")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", token.text))
            .header("idempotency-key", format!("bot-{}-{number}", self.run))
            .header("prefer", "wait=5")
            .body(Body::from(body.to_string()))
            .ok()
    }

    /// One leg, now and then two of different fixtures, at what is on offer.
    fn legs(&mut self) -> Option<Vec<serde_json::Value>> {
        let view = self.markets.look();
        let open: Vec<_> = view
            .markets()
            .filter(|market| market.status == MarketStatus::Open)
            .flat_map(|market| {
                market
                    .selections
                    .iter()
                    .filter_map(move |s| Some((market, s.id, s.price?)))
            })
            .collect();
        let count = u64::try_from(open.len()).ok()?;
        let mut pick = || open.get(usize::try_from(self.dice.below(count)).ok()?);
        let (first, second) = (pick()?, pick()?);
        let leg = |(market, selection, price): &(
            &markets::Market,
            kernel::SelectionId,
            kernel::Price,
        )| {
            serde_json::json!({
                "selection_id": selection.to_string(),
                "price": price.to_string(),
                "market_version": market.version,
            })
        };
        let mut legs = vec![leg(first)];
        if first.0.fixture != second.0.fixture && self.dice.permille(150) {
            legs.push(leg(second));
        }
        Some(legs)
    }
}
