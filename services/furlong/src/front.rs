//! The gateway of a process: what it is made of, and how it is served.
//!
//! Duty: put the gateway's ports together from the stores of the process, take the port before
//! anything starts, serve requests and stop without cutting one off. Prohibition: nothing here
//! knows which log it stands on.

use crate::admission::AdmissionOptions;
use crate::data_folder::DataFolder;
use crate::engine::Ground;
use crate::exit::Failure;
use crate::feed_desk::FeedDesk;
use crate::feed_door::FeedDoor;
use crate::house::{HouseClock, Passwords, ReceiptSigner, Sealer, Webhooks};
use crate::house_factors::HouseFactors;
use crate::house_passkeys::{HousePasskeys, PasskeyPages};
use crate::house_tokens::HouseTokens;
use anyhow::anyhow;
use gateway::{Config, Demo, Gateway, Parts, RateLimit, ports};
use kernel::{Currency, Money};
use keystore::{FolderKeyStore, KeyStore, ServiceKey};
use runtime::{Entropy, Listener, Stretch};
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Passwords that are hashed at once.
const PASSWORD_THREADS: usize = 1;
/// How long open requests may take when a process stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Hands what is read to the gateway's hub.
pub(crate) struct ToHub(pub Arc<gateway::Hub>);

impl Listener for ToHub {
    fn hear(&self, stretch: &Stretch) {
        let decisions: Vec<_> = stretch
            .decisions
            .iter()
            .map(|effective| Arc::clone(&effective.decision))
            .collect();
        self.0.take(
            stretch.topic_partition,
            &decisions,
            stretch.chain.next_offset,
        );
    }
}

/// What the gateway is made of.
pub(crate) struct Front<'a> {
    /// Requests per user; none: as many as they like.
    pub rate_limit: Option<RateLimit>,
    /// Whom else it lets in.
    pub admission: AdmissionOptions,
    /// How long an answer is waited for before it is called unknown.
    pub deadline: Duration,
    /// What the services stand on.
    pub ground: &'a Ground,
    /// The keys.
    pub keys: &'a Arc<dyn KeyStore>,
    /// The picture of the markets.
    pub markets: Arc<RwLock<markets::MarketView>>,
    /// Where feed sources hand in.
    pub feeds: Arc<FeedDesk>,
    /// The newest signed checkpoint.
    pub checkpoints: Arc<dyn ports::Checkpoints>,
    /// What must be well before requests are taken.
    pub checks: Vec<Arc<dyn ports::Check>>,
    /// Figures of other parts of the process.
    pub metrics: Vec<Arc<dyn ports::MetricsSource>>,
    /// What takes the provider's call-backs.
    pub call_backs: payments::CallBacks,
    /// Withdrawals of so many whole units of their currency and more wait for two persons.
    pub withdrawal_review_units: u32,
    /// The demo customer, in `dev`.
    pub demo: Option<Demo>,
    /// Where passkeys are made and used.
    pub passkeys: PasskeyPages,
}

impl Front<'_> {
    /// Puts the gateway together.
    ///
    /// # Errors
    /// The key store cannot be used.
    pub(crate) fn gateway(self) -> Result<Gateway, Failure> {
        let Ground {
            log,
            views,
            clock,
            entropy,
            partitions,
            ..
        } = self.ground.clone();
        let house = Arc::new(HouseClock {
            clock,
            entropy: Arc::clone(&entropy),
        });
        let tokens = HouseTokens::new(
            Arc::clone(self.keys),
            Arc::clone(&entropy),
            house.clock.now(),
        )
        .map_err(keys_failed)?;
        let factors = HouseFactors {
            keys: Arc::clone(self.keys),
            entropy: Arc::clone(&entropy),
        };
        let passkeys =
            HousePasskeys::new(&self.passkeys, Arc::clone(self.keys), Arc::clone(&entropy))?;
        let sealer =
            Sealer::new(Arc::clone(self.keys), Arc::clone(&entropy)).map_err(keys_failed)?;
        let receipts = ReceiptSigner(house_key(&**self.keys, ServiceKey::ReceiptSigning)?);
        let rate_store = self.admission.store()?;
        Ok(Gateway::new(Parts {
            rate_store,
            log,
            views,
            markets: self.markets,
            partitions,
            config: Config {
                rate_limit: self.rate_limit,
                admission: self.admission.settings,
                deadline: self.deadline,
                staff_second_factor: self.admission.staff_second_factor,
                provider: self.call_backs.provider().to_owned(),
                withdrawal_review_units: self.withdrawal_review_units,
                ..Config::default()
            },
            clock: Arc::<HouseClock>::clone(&house),
            mint: house,
            passwords: Arc::new(Passwords::new(entropy, PASSWORD_THREADS)),
            tokens: Arc::new(tokens),
            factors: Arc::new(factors),
            passkeys: Arc::new(passkeys),
            sealer: Arc::new(sealer),
            webhooks: Arc::new(Webhooks::new(self.call_backs, partitions)),
            feed: Some(self.feeds),
            receipts: Some(Arc::new(receipts)),
            calculator: Some(Arc::new(SlipCalculator)),
            foresight: Some(Arc::new(SlipForesight)),
            checkpoints: Some(self.checkpoints),
            checks: self.checks,
            metrics: self.metrics,
            notes: magic_amounts(),
            demo: self.demo,
        }))
    }
}

/// The arithmetic of bets.
struct SlipCalculator;

impl gateway::ports::Calculator for SlipCalculator {
    fn answer(&self, question: &serde_json::Value) -> Result<serde_json::Value, String> {
        crate::calc::answer(question)
    }
}

/// The settlement rules of bets, asked what would be.
struct SlipForesight;

impl gateway::ports::Foresight for SlipForesight {
    fn returned_if(
        &self,
        view: &markets::MarketView,
        slip: &gateway::ports::SlipRows,
        market: kernel::MarketId,
        outcomes: Option<&[schemas::odds::SelectionOutcome]>,
    ) -> Result<Option<(kernel::Money, schemas::bets::SlipOutcome)>, String> {
        let slip = bets::foresight::StruckSlip {
            placed: &slip.placed,
            legs: &slip.legs,
            terms: slip.terms.as_ref(),
            part: slip.part.as_ref(),
            stake_left: slip.stake_left,
            voided: &slip.voided,
            funded: slip.funded.as_ref(),
        };
        bets::foresight::returned_if(view, slip, market, outcomes)
            .map_err(|error| error.to_string())
    }

    fn divided(
        &self,
        funded: &schemas::promotions::StakeFunded,
        returned: kernel::Money,
        outcome: schemas::bets::SlipOutcome,
    ) -> schemas::promotions::Division {
        bets::foresight::divided(funded, returned, outcome)
    }

    fn converted_more(
        &self,
        bonus: &schemas::promotions::Bonus,
        worth_minor: i64,
        wagered_minor: i64,
    ) -> i64 {
        bets::foresight::converted_more(bonus, worth_minor, wagered_minor)
    }
}

/// Serves requests until `stop` resolves, then lets open ones end; feeds may speak gRPC at their
/// door.
///
/// # Errors
/// The server failed.
pub(crate) async fn serve(
    listener: TcpListener,
    gateway: &Gateway,
    door: FeedDoor,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure> {
    // Connections are descriptors.
    if let Some(allowed) = crate::descriptors::raise() {
        tracing::debug!(allowed, "descriptors");
    }
    let (draining, drained) = watch::channel(false);
    let (routes, apart) = door.before(gateway.router(), draining.subscribe());
    let apart = async {
        if let Some((listener, routes)) = apart {
            gateway
                .serve_routes(listener, routes, draining.subscribe())
                .await;
        }
    };
    let serving = futures::future::join(gateway.serve_routes(listener, routes, drained), apart);
    let stopping = async {
        stop.await;
        gateway.drain();
        draining.send_replace(true);
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        _ = serving => {}
        () = stopping => tracing::info!("some connections did not end in time"),
    }
    Ok(())
}

/// What the simulated provider does with which amount, for the API's description.
fn magic_amounts() -> String {
    let mut notes =
        String::from("Amounts that force an outcome of the simulated payment provider:\n\n");
    for magic in payments::MAGIC_AMOUNTS {
        let amount = Money::from_minor(magic.minor, Currency::Eur);
        notes.push_str(&format!("- `{amount}`: {}\n", magic.meaning));
    }
    notes
}

fn keys_failed(error: keystore::KeyError) -> Failure {
    Failure::Failed(anyhow!(error).context("the key store cannot be used"))
}

pub(crate) fn house_key(keys: &dyn KeyStore, key: ServiceKey) -> Result<keystore::Secret, Failure> {
    keys.service_key(key).map_err(keys_failed)
}

pub(crate) fn open_keys(
    folder: &DataFolder,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<dyn KeyStore>, Failure> {
    let entropy = Arc::clone(entropy);
    let fill: keystore::Entropy = Arc::new(move |buffer: &mut [u8]| entropy.fill(buffer));
    let keys = FolderKeyStore::open(folder.keys(), fill).map_err(keys_failed)?;
    Ok(Arc::new(keys))
}

/// Takes the port before anything else starts.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = if error.kind() == std::io::ErrorKind::AddrInUse {
            "another program listens there; --port N takes another port, --port 0 any free one"
        } else {
            "--port N takes another one"
        };
        Failure::Failed(anyhow!("{address} cannot be used ({error}): {advice}"))
    })
}
