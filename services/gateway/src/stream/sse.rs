//! Prices as server-sent events: `curl -N` and `EventSource` read them.

use crate::app::App;
use crate::errors::Code;
use crate::extract::{ApiQuery, Fields, position};
use crate::metrics::StreamKind;
use crate::problem::Problem;
use crate::stream::odds::OddsChannel;
use crate::stream::{Message, Open};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use kernel::MarketId;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::convert::Infallible;
use tokio::sync::watch;
use tokio::time::{Interval, interval};

/// More markets than this in one request are asked for by asking for all.
pub(crate) const MARKETS_MAX: usize = 500;

/// What a stream of prices may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OddsQuery {
    market: Option<String>,
    since: Option<String>,
}

/// The markets of a list of ids; none: all.
fn markets(text: Option<&str>) -> Result<Option<BTreeSet<MarketId>>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let mut fields = Fields::default();
    let ids: BTreeSet<MarketId> = text
        .split(',')
        .take(MARKETS_MAX)
        .filter_map(|id| fields.parse("?market", id.trim()))
        .collect();
    fields.finish(Some(Some(ids)))
}

/// GET /v1/odds/stream
pub(crate) async fn odds(
    State(app): State<App>,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<OddsQuery>,
) -> Result<Response, Problem> {
    let markets = markets(query.market.as_deref())?;
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty());
    let since = position(last.or(query.since.as_deref()))?;
    let open = Open::new(&app, StreamKind::Sse).ok_or_else(|| Problem::new(Code::Overloaded))?;
    let following = Following {
        channel: OddsChannel::new(&app, markets, since.as_ref()),
        beat: interval(app.config.heartbeat),
        draining: app.draining(),
        _open: open,
    };
    let events = stream::unfold(following, |mut following| async move {
        let message = following.next().await?;
        Some((Ok::<_, Infallible>(event(&message)), following))
    });
    Ok(Sse::new(events).into_response())
}

fn event(message: &Message) -> Event {
    let mut data = message.data.clone();
    if let Some(object) = data.as_object_mut() {
        object.insert("seq".to_owned(), message.seq.into());
    }
    Event::default()
        .event(message.op)
        .id(message.resume.clone())
        .data(data.to_string())
}

/// One client's stream.
struct Following {
    channel: OddsChannel,
    beat: Interval,
    draining: watch::Receiver<bool>,
    _open: Open,
}

impl Following {
    /// The next message; none: the process stops.
    async fn next(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            _ = self.draining.wait_for(|draining| *draining) => None,
            message = self.channel.next() => Some(message),
            _ = self.beat.tick() => Some(self.channel.heartbeat()),
        }
    }
}
