//! Messages as lines of JSON.
//!
//! Duty: the same words in the other form, field for field. Prohibition: nothing is checked, nothing
//! is added and nothing is left out: what is wrong with a line the desk tells.

use proto::message::Update;
use proto::{Book, Message, Parameter, Placing, Race, SelectionOutcome, SelectionPrice};
use serde_json::{Map, Value, json};

/// The line that says the same; of a message without an update, one without a type.
#[must_use]
pub fn line(message: &Message) -> String {
    let mut line = Map::new();
    line.insert("source".to_owned(), json!(message.source));
    line.insert("sequence".to_owned(), json!(message.sequence));
    if let Some(at) = &message.published_at {
        line.insert("published_at".to_owned(), json!(at));
    }
    if let Some(update) = &message.update {
        let (kind, fields) = update_line(update);
        line.insert("type".to_owned(), json!(kind));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
    }
    Value::Object(line).to_string()
}

fn update_line(update: &Update) -> (&'static str, Value) {
    match update {
        Update::Alive(_) => ("alive", json!({})),
        Update::Up(_) => ("up", json!({})),
        Update::Down(said) => ("down", json!({"reason": said.reason})),
        Update::Fixture(said) => (
            "fixture",
            json!({"fixture": said.fixture, "name": said.name, "sport": said.sport,
                "starts_at": said.starts_at}),
        ),
        Update::Progress(said) => {
            let line = json!({"fixture": said.fixture, "status": said.status});
            let line = with(line, "score", said.score.clone());
            ("progress", with(line, "minute", said.minute))
        }
        Update::Market(said) => {
            let selections: Vec<Value> = said
                .selections
                .iter()
                .map(|one| json!({"selection": one.selection, "name": one.name}))
                .collect();
            let line = json!({"fixture": said.fixture, "market": said.market, "name": said.name,
                "kind": said.kind, "selections": selections});
            let line = with(line, "line", said.line.clone());
            ("market", with(line, "up_to", said.up_to))
        }
        Update::Book(said) => {
            let line = json!({"fixture": said.fixture, "market": said.market,
                "prices": prices(&said.prices)});
            let line = with(line, "model", said.model.clone());
            ("book", with(line, "parameters", parameters(said)))
        }
        Update::InPlay(said) => (
            "in_play",
            json!({"fixture": said.fixture, "market": said.market,
                "bet_delay_ms": said.bet_delay_ms}),
        ),
        Update::Close(said) => (
            "close",
            json!({"fixture": said.fixture, "market": said.market}),
        ),
        Update::Suspend(_)
        | Update::Resume(_)
        | Update::Result(_)
        | Update::Rollback(_)
        | Update::Withdraw(_)
        | Update::StateResult(_)
        | Update::WithdrawResult(_)
        | Update::CancelBets(_)
        | Update::RestoreBets(_)
        | Update::Score(_)
        | Update::Race(_) => ending_line(update),
    }
}

/// What stops betting or ends it.
fn ending_line(update: &Update) -> (&'static str, Value) {
    let of = |fixture: &str, market: &str| json!({"fixture": fixture, "market": market});
    match update {
        Update::Suspend(said) => {
            let line = json!({"fixture": said.fixture, "reason": said.reason});
            ("suspend", with(line, "market", said.market.clone()))
        }
        Update::Resume(said) => {
            let line = json!({"fixture": said.fixture});
            ("resume", with(line, "market", said.market.clone()))
        }
        Update::Result(said) => {
            let line = of(&said.fixture, &said.market);
            ("result", with(line, "outcomes", outcomes(&said.outcomes)))
        }
        Update::StateResult(said) => {
            let line = of(&said.fixture, &said.market);
            let line = with(line, "outcomes", outcomes(&said.outcomes));
            (
                "state_result",
                with(line, "certainty", Some(said.certainty.clone())),
            )
        }
        Update::Rollback(said) => {
            let line = of(&said.fixture, &said.market);
            ("rollback", with(line, "reason", Some(said.reason.clone())))
        }
        Update::WithdrawResult(said) => {
            let line = of(&said.fixture, &said.market);
            (
                "withdraw_result",
                with(line, "reason", Some(said.reason.clone())),
            )
        }
        Update::Withdraw(said) => {
            let line = json!({"fixture": said.fixture, "market": said.market,
                "selection": said.selection, "withdrawn_at": said.withdrawn_at});
            ("withdraw", with(line, "reduction", said.reduction))
        }
        Update::CancelBets(said) => {
            let line = of(&said.fixture, &said.market);
            let line = with(line, "from", said.from.clone());
            let line = with(line, "until", said.until.clone());
            (
                "cancel_bets",
                with(line, "reason", Some(said.reason.clone())),
            )
        }
        Update::RestoreBets(said) => {
            let line = of(&said.fixture, &said.market);
            let line = with(line, "from", said.from.clone());
            ("restore_bets", with(line, "until", said.until.clone()))
        }
        Update::Score(said) => {
            let line = of(&said.fixture, &said.market);
            ("score", with(line, "score", Some(said.score.clone())))
        }
        Update::Race(said) => ("race", race(said)),
        Update::Alive(_)
        | Update::Up(_)
        | Update::Down(_)
        | Update::Fixture(_)
        | Update::Progress(_)
        | Update::Market(_)
        | Update::Book(_)
        | Update::InPlay(_)
        | Update::Close(_) => update_line(update),
    }
}

fn with(mut line: Value, name: &str, value: Option<impl Into<Value>>) -> Value {
    if let (Some(fields), Some(value)) = (line.as_object_mut(), value) {
        fields.insert(name.to_owned(), value.into());
    }
    line
}

fn outcomes(said: &[SelectionOutcome]) -> Option<Vec<Value>> {
    let one = |said: &SelectionOutcome| {
        let line = json!({"selection": said.selection, "outcome": said.outcome});
        with(with(line, "places", said.places), "tied", said.tied)
    };
    Some(said.iter().map(one).collect())
}

fn race(said: &Race) -> Value {
    let placing = |said: &Placing| {
        let line = json!({"selection": said.selection, "place": said.place});
        with(line, "tied", said.tied)
    };
    let placings: Vec<Value> = said.placings.iter().map(placing).collect();
    let line = json!({"fixture": said.fixture, "market": said.market,
        "handicap": if said.handicap { "yes" } else { "no" },
        "placings": placings, "starting_prices": prices(&said.starting_prices)});
    let line = with(line, "places", said.places);
    with(line, "fraction", said.fraction.clone())
}

fn prices(said: &[SelectionPrice]) -> Vec<Value> {
    said.iter()
        .map(|one| json!({"selection": one.selection, "price": one.price}))
        .collect()
}

/// What a model thought; prices that are not from a model have no such list.
fn parameters(said: &Book) -> Option<Vec<Value>> {
    let one = |said: &Parameter| json!({"name": said.name, "micros": said.micros});
    let some = said.model.is_some() || !said.parameters.is_empty();
    some.then(|| said.parameters.iter().map(one).collect())
}
