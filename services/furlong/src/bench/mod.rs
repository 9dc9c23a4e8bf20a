//! `furlong bench`: figures beside an anchor of the same run.
//!
//! Duty: measure with the real code, interleave subject and anchor, take medians, and tell the
//! conditions. Prohibition: no figure without its anchor, and no promise: what counts is the
//! quotient, on whatever machine this is.

mod bets;
mod codec;
mod connections;
mod feed;
mod isolation;
mod ledger;
mod measure;
mod overload;
#[cfg(feature = "cluster")]
mod pipeline;
#[cfg(feature = "cluster")]
mod place;
mod replay;
mod settle;
mod socket;
mod source;
mod stream;

use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use clap::{Args, Subcommand};
use measure::Report;

const EXAMPLES_LEDGER: &str = "\
Examples:
  furlong bench ledger
  furlong bench ledger --json --rounds 9

Transfers through the real owner task on an embedded log in a temporary folder, durable and read
back, with bounds of accounts and recognition of repeats on. The anchor appends the same bytes to
such a log without deciding anything. CPU seconds are of the whole process; the commands are encoded
beforehand.";
const EXAMPLES_REPLAY: &str = "\
Examples:
  furlong bench replay
  furlong bench replay --json

Folds a ledger journal (chain, decoding, state) from memory. The anchor looks at the framing of the
same records and takes SHA-256 of each.";
const EXAMPLES_CODEC: &str = "\
Examples:
  furlong bench codec
  furlong bench codec --json

Encodes and decodes a bet's placement. The anchor copies the encoded bytes into a fresh vector.";

const EXAMPLES_FEED: &str = "\
Examples:
  furlong bench feed --recording market.gz
  furlong bench feed --recording market.gz --markets 500 --threads 2 --json

Copies of a recorded exchange market, each under an id of its own and from another place of the
recording, mixed: every line is read, kept in ladders and told as updates. One selection update is one
runner's change in a line. The anchor reads the same lines as trees of JSON and does nothing else. CPU
seconds are of one thread alone, and of so many at once, each counted by its own CPU clock: what they
reach on cores of their own. By the wall they share the machine with whatever else runs.";

const EXAMPLES_BETS: &str = "\
Examples:
  furlong bench bets
  furlong bench bets --json --seconds 10

Singles by 50 customers on 48 markets over real connections to a node in a temporary folder, sent at
times fixed beforehand (latency counts from there), with the client in the same process. The rate is
doubled until p99 passes 100 ms or under 95 % of the bets are answered in time, twice in a row; half
of the highest rate that held is measured. The anchor appends the commands' bytes to a log of the same kind and
reads them back, at the same rate. Both take turns, five times.";

const EXAMPLES_SETTLE: &str = "\
Examples:
  furlong bench settle
  furlong bench settle --bets 25000 --rounds 9 --json
  furlong bench settle --whole

Singles by 10,000 customers on one market, each judged, held and struck by the real owners of odds, bets
and ledger on an embedded log in a temporary folder. Then the feed says the result, and it is measured
until the ledger has taken the last stake and paid the last winner, durable and read back. The anchor
appends the same records to a log of the same kind and decides nothing. `--whole` lets all other services
and the views work beside. The projection to ten million is the median rate continued; whether it may be
continued is what the quarters tell: a rate that falls from the first to the last would not.";

const EXAMPLES_STREAM: &str = "\
Examples:
  furlong bench stream
  furlong bench stream --markets 200 --rate 1000 --sockets 100 --json

A whole node on a loopback port. A source posts price changes over HTTP at times fixed beforehand, one
post after the other, each with all that is due; sockets watch every market. Latency counts from the
time of a change until a socket has it whole, or has a newer price of the same market: what is
conflated is not left out. Between them lie two durable commits. The anchor writes frames of the same
size to as many sockets at the same times. Both take turns, five times.";

#[cfg(feature = "cluster")]
const EXAMPLES_PIPELINE: &str = "\
Examples:
  furlong bench pipeline --brokers localhost:9092

Makes topics whose names begin with `bench-` and fills them; remove them afterwards.";
#[cfg(feature = "cluster")]
const EXAMPLES_PLACE: &str = "\
Examples:
  furlong bench place --url http://localhost:7400 --password-file feed.txt --brokers localhost:9092
  furlong bench place --url http://localhost:7400 --password-file feed.txt --rates 20,1000 --json

Run the gateways with FURLONG_RATE_LIMIT=off. Customers, markets and bets of the run stay there.";

const EXAMPLES_ISOLATION: &str = "\
Examples:
  furlong bench isolation
  furlong bench isolation --books 20 --goliaths 200 --rate 50 --json

Singles on 48 ordinary markets, sent at times fixed beforehand, in turns without and with a market of
10,000 outcomes beside them: its whole book is told several times a second, and goliaths (247 lines)
with a leg on it come in over a connection of their own. The quotient of the two p99 is the figure.";

const EXAMPLES_OVERLOAD: &str = "\
Examples:
  furlong bench overload
  furlong bench overload --seconds 20 --rounds 5 --json

Singles at a whole node on a loopback port, over a thousand connections: first the rate of acceptances that
it reaches (the peak) and the p99 at a quarter of that, then so many times the peak, and the peak again; in
several rounds, because other work on a machine comes and goes. What is turned away must
be turned away before any work: as many commands are in the inbox as bets were let in. Latencies count
from the moment at which a request leaves. Client and node share the machine.";

const EXAMPLES_CONNECTIONS: &str = "\
Examples:
  furlong bench connections
  furlong bench connections --connections 1000 --busy 200 --seconds 5 --json

A whole node in a process of its own; its resident memory is read before and after thousands of sockets
are opened: idle ones follow a market that does not move, busy ones all that do. Both ends are on this
machine, so that twice the number of descriptors is open, half of them in each process.";

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Durable transfers, in batches, alone, and from many clients at once
    #[command(after_help = EXAMPLES_LEDGER)]
    Ledger(Rounds),
    /// Folding a journal again
    #[command(after_help = EXAMPLES_REPLAY)]
    Replay(Rounds),
    /// Bets over HTTP, at half of what saturates this machine
    #[command(after_help = EXAMPLES_BETS)]
    Bets(Seconds),
    /// The ledger's owner on a real Kafka, beside plain produce of the same bytes
    #[cfg(feature = "cluster")]
    #[command(after_help = EXAMPLES_PIPELINE)]
    Pipeline(pipeline::Pipeline),
    /// Bets at the gateways of a running cluster, beside plain round trips through its Kafka
    #[cfg(feature = "cluster")]
    #[command(after_help = EXAMPLES_PLACE)]
    Place(place::Place),
    /// Normalising a recorded exchange stream, copied to hundreds of markets
    #[command(after_help = EXAMPLES_FEED)]
    Feed(feed::Feed),
    /// Whether a market of thousands of outcomes is felt on the others
    #[command(after_help = EXAMPLES_ISOLATION)]
    Isolation(isolation::Isolation),
    /// Settling a market of a hundred thousand open bets
    #[command(after_help = EXAMPLES_SETTLE)]
    Settle(settle::Settle),
    /// From a source's price to the sockets of those who watch
    #[command(after_help = EXAMPLES_STREAM)]
    Stream(stream::Stream),
    /// What is left of the rate of bets when many times of it is asked for
    #[command(after_help = EXAMPLES_OVERLOAD)]
    Overload(overload::Overload),
    /// Thousands of sockets on one node, and what each takes
    #[command(after_help = EXAMPLES_CONNECTIONS)]
    Connections(connections::Connections),
    /// Encoding and decoding a record
    #[command(after_help = EXAMPLES_CODEC)]
    Codec(Rounds),
}

/// How often.
#[derive(Clone, Copy, Debug, Args)]
pub struct Rounds {
    /// Rounds of subject and anchor in turn; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=101))]
    rounds: u32,
}

/// How long.
#[derive(Clone, Copy, Debug, Args)]
pub struct Seconds {
    /// Seconds of bets, and as many of the anchor
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10))]
    seconds: u32,
}

/// Runs one of them.
///
/// # Errors
/// The machine does not let us measure.
pub fn run(bench: &Bench, screen: &mut Screen<'_>) -> Ended {
    let report = match bench {
        Bench::Ledger(rounds) => ledger::run(rounds.rounds, screen),
        Bench::Replay(rounds) => replay::run(rounds.rounds, screen),
        Bench::Bets(seconds) => bets::run(seconds.seconds, screen),
        #[cfg(feature = "cluster")]
        Bench::Pipeline(pipeline) => pipeline::run(pipeline, screen),
        #[cfg(feature = "cluster")]
        Bench::Place(place) => place::run(place, screen),
        Bench::Feed(feed) => feed::run(feed, screen),
        Bench::Isolation(asked) => isolation::run(*asked, screen),
        Bench::Settle(settle) => settle::run(settle, screen),
        Bench::Stream(stream) => stream::run(stream, screen),
        Bench::Overload(asked) => overload::run(*asked, screen),
        Bench::Connections(asked) => connections::run(*asked, screen),
        Bench::Codec(rounds) => Ok(codec::run(rounds.rounds, screen)),
    }
    .map_err(Failure::from)?;
    screen.progress_done();
    put(&report, screen)?;
    Ok(Outcome::Fine)
}

fn put(report: &Report, screen: &mut Screen<'_>) -> std::io::Result<()> {
    if screen.json {
        return screen.put_json(&report.to_json());
    }
    for line in report.lines() {
        screen.put(line)?;
    }
    Ok(())
}
