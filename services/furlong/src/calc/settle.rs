//! `furlong calc settle`.

use crate::exit::{Ended, Failure, Outcome};
use crate::screen::Screen;
use bets_domain::settlement::{
    BetType, Deduction, LegResult, Payout, PlacePart, PlaceTerms, SettleError, SettledLeg,
    SettlementRules, Sizes, SlipTerms, UnknownBetType, Withdrawal, plain_decimal,
};
use clap::Args;
use kernel::{Currency, Money, Price};
use serde::Serialize;

pub const EXAMPLES: &str = "\
Examples:
  furlong calc settle --type lucky15 --prices 2.5,3,1.8,4.2 --results W,W,W,W --unit-stake 1
  furlong calc settle --type system --sizes 2,3 --prices 2,2,2,2,2 --results W,W,L,L,W --unit-stake 1
  furlong calc settle --type single --prices 10/1 --results L --each-way 1/5 --places P --unit-stake 10
  furlong calc settle --type single --prices 8/1 --results DH2 --rule4 25 --unit-stake 10 --json
  furlong calc settle --type single --prices 8/1 --results W --struck-at 9 --withdrawn 3/1@5,6/1@10 --unit-stake 10
  furlong calc settle --type lucky15 --prices 2.5,3,1.8,4.2 --results W,L,L,L --unit-stake 1 --rules 3

Results: W won, L lost, V void, P push, HW half won, HL half lost, DHn dead heat of n for one
place, DHp/n dead heat of n for p places. Among --places, P is placed.
Types: single, double, treble, accumulator, trixie, patent, yankee, lucky15, canadian, lucky31,
heinz, lucky63, super-heinz, lucky127, goliath, lucky255, block, lucky511, and system, which lists
the sizes of its lines. A system has 20 legs at most, an accumulator 100.
Rules: 1 no cap, 2 as bets are placed now, 3 with bonuses, 4 rounded down (docs/house-rules.md).
Races, lines by the score, cash-out, free bets, odds formats: furlong calc ask --help.";

/// What a slip costs and returns.
#[derive(Debug, Args)]
pub struct Settle {
    /// How the legs make lines, such as double, yankee, lucky15
    #[arg(long = "type", value_name = "TYPE", value_parser = bet_type)]
    bet_type: BetType,
    /// Of a system, how many legs its lines have, such as 2,3 or 2-4
    #[arg(long, value_name = "SIZES")]
    sizes: Option<Sizes>,
    /// The version of the house's rules
    #[arg(long, value_name = "VERSION", default_value_t = 1)]
    rules: u32,
    /// The price of each leg: decimal (2.5) or fractional (6/4)
    #[arg(long, required = true, value_delimiter = ',', value_parser = price)]
    prices: Vec<Price>,
    /// What became of each leg: W L V P HW HL DHn
    #[arg(long, required = true, value_delimiter = ',')]
    results: Vec<LegResult>,
    /// The stake of one line
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    unit_stake: String,
    /// In which currency the stake is, which decides its decimal places
    #[arg(long, default_value = "EUR")]
    currency: Currency,
    /// Each-way: the part of the winnings that a place pays, such as 1/5
    #[arg(long, value_name = "TERMS", requires = "places")]
    each_way: Option<PlaceTerms>,
    /// What became of the place part of each leg
    #[arg(long, value_delimiter = ',', requires = "each_way", value_parser = LegResult::from_place_code)]
    places: Vec<LegResult>,
    /// Deduction from winnings for withdrawn runners, in pence in the pound: one for all legs or one for each
    #[arg(
        long,
        value_name = "PENCE",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    rule4: Vec<Deduction>,
    /// Withdrawn runners as PRICE@MOMENT; those after the bet are deducted for, from all legs
    #[arg(long, value_name = "PRICE@MOMENT", value_delimiter = ',', value_parser = withdrawal,
        conflicts_with = "rule4")]
    withdrawn: Vec<Withdrawal>,
    /// The moment of the bet, on the scale of the withdrawals: any whole number
    #[arg(
        long,
        value_name = "MOMENT",
        default_value_t = 0,
        requires = "withdrawn"
    )]
    struck_at: u64,
}

/// `3/1@10`: at 3/1, at the moment 10.
fn withdrawal(text: &str) -> Result<Withdrawal, String> {
    let (at_price, moment) = text
        .split_once('@')
        .ok_or_else(|| format!("{text:?} is not a price and a moment such as 3/1@10"))?;
    let at = moment
        .parse()
        .map_err(|_| format!("{moment:?} is not a moment: a whole number"))?;
    Ok(Withdrawal {
        at,
        price: price(at_price)?,
    })
}

fn bet_type(text: &str) -> Result<BetType, String> {
    text.parse().map_err(|error: UnknownBetType| {
        let known: Vec<&str> = BetType::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("{error}; known are {}", known.join(", "))
    })
}

/// Decimal, or fractional as the winnings for a stake: 6/4 is 2.5.
pub(super) fn price(text: &str) -> Result<Price, String> {
    match text.split_once('/') {
        None => text
            .parse()
            .map_err(|error: kernel::PriceError| error.to_string()),
        Some((winnings, stake)) => {
            let number = |part: &str| {
                part.parse::<i64>()
                    .ok()
                    .filter(|n| *n > 0 && part.bytes().all(|b| b.is_ascii_digit()))
                    .ok_or_else(|| format!("{text:?} is not a fractional price such as \"6/4\""))
            };
            let (winnings, stake) = (number(winnings)?, number(stake)?);
            Price::ratio(winnings.saturating_add(stake), stake).map_err(|error| error.to_string())
        }
    }
}

#[derive(Serialize)]
struct Answer {
    stake: String,
    #[serde(rename = "return")]
    returned: String,
    exact: String,
    lines: u64,
    /// Of `exact`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bonus: Option<String>,
    /// The cap, where it took something.
    #[serde(skip_serializing_if = "Option::is_none")]
    capped_at: Option<String>,
}

pub fn run(arguments: &Settle, screen: &mut Screen<'_>) -> Ended {
    let payout = work_out(arguments)?;
    let answer = Answer {
        stake: plain_decimal(payout.stake),
        returned: plain_decimal(payout.returned),
        exact: payout.exact.to_string(),
        lines: payout.lines,
        bonus: (payout.bonus.to_string() != "0").then(|| payout.bonus.to_string()),
        capped_at: payout.capped_at.map(plain_decimal),
    };
    if screen.json {
        screen.put_json(&answer)?;
        return Ok(Outcome::Fine);
    }
    let currency = arguments.currency;
    let lines = if answer.lines == 1 { "line" } else { "lines" };
    screen.put(format_args!(
        "stake   {} {currency}  ({} {lines})",
        payout.stake, answer.lines
    ))?;
    screen.put(format_args!(
        "return  {} {currency}  (exactly {})",
        payout.returned, answer.exact
    ))?;
    if let Some(bonus) = &answer.bonus {
        screen.put(format_args!("bonus   {bonus} {currency} of it"))?;
    }
    if let Some(cap) = payout.capped_at {
        screen.put(format_args!("capped  at {cap} {currency}"))?;
    }
    if let Ok(profit) = payout.returned.checked_sub(payout.stake) {
        screen.put(format_args!("profit  {profit} {currency}"))?;
    }
    Ok(Outcome::Fine)
}

fn work_out(arguments: &Settle) -> Result<Payout, Failure> {
    let unit_stake = Money::parse(&arguments.unit_stake, arguments.currency)
        .map_err(|error| Failure::Usage(format!("--unit-stake: {error}")))?;
    if !unit_stake.is_positive() {
        return Err(Failure::Usage(
            "--unit-stake: a stake is above 0".to_owned(),
        ));
    }
    let rules = SettlementRules::version(arguments.rules).ok_or_else(|| {
        Failure::Usage(format!("--rules: there is no version {}", arguments.rules))
    })?;
    let legs = legs(arguments, rules)?;
    let terms = SlipTerms {
        bet_type: arguments.bet_type,
        sizes: arguments.sizes,
        each_way: arguments.each_way.is_some(),
        rules,
    };
    terms.settle(unit_stake, &legs).map_err(|error| {
        Failure::Usage(match &error {
            SettleError::LegCount { bet_type, .. } => {
                let takes = bet_type.legs();
                let count = if takes.start() == takes.end() {
                    takes.start().to_string()
                } else {
                    format!("{} to {}", takes.start(), takes.end())
                };
                format!("--prices: {error}; it takes {count}")
            }
            SettleError::PlaceResultMissing { .. } => format!("--places: {error}"),
            SettleError::SizesDoNotFitType | SettleError::SizesAboveLegs { .. } => {
                format!("--sizes: {error}")
            }
            SettleError::Money(_) => format!("--unit-stake: {error}"),
        })
    })
}

fn legs(arguments: &Settle, rules: &SettlementRules) -> Result<Vec<SettledLeg>, Failure> {
    let count = arguments.prices.len();
    let one_each = |name: &str, got: usize| {
        if got == count {
            Ok(())
        } else {
            Err(Failure::Usage(format!(
                "{name}: one for each price, so {count}, got {got}"
            )))
        }
    };
    one_each("--results", arguments.results.len())?;
    if arguments.each_way.is_some() {
        one_each("--places", arguments.places.len())?;
    }
    if arguments.rule4.len() > 1 {
        one_each("--rule4", arguments.rule4.len())?;
    }
    let withdrawn = rules.deduction(arguments.struck_at, &arguments.withdrawn);
    let for_all = arguments.rule4.first().copied().unwrap_or(withdrawn);
    let legs = arguments.prices.iter().zip(&arguments.results).enumerate();
    Ok(legs
        .map(|(index, (price, result))| SettledLeg {
            price: *price,
            result: *result,
            place: arguments
                .each_way
                .zip(arguments.places.get(index).copied())
                .map(|(fraction, result)| PlacePart { result, fraction }),
            deduction: arguments.rule4.get(index).copied().unwrap_or(for_all),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::{refused, typed};

    /// Type, prices, results, unit stake, further arguments; what it returns.
    const PUBLISHED: &[(&str, &str)] = &[
        ("lucky15 2.5,3.0,1.8,4.2 W,W,W,W 1", "202.84"),
        ("trixie 2.5,3.0,1.8 W,V,W 1", "13.3"),
        ("goliath 2,2,2,2,2,2,2,2 W,W,W,W,W,W,W,W 1", "6544"),
        ("canadian 1/1,6/4,6/4,1/1,1/1 W,W,W,W,W 1", "318.75"),
        ("canadian 1/1,6/4,6/4,1/1,1/1 W,L,L,W,L 1", "4"),
        // Quarter lines at 1.95: -0.25 and +0.25 drawn, +0.25 won, -0.75 lost.
        ("single 1.95 HL 100", "50"),
        ("single 1.95 HW 100", "147.5"),
        ("single 1.95 W 100", "195"),
        ("single 1.95 L 100", "0"),
        ("single 1.95 P 100", "100"),
        // Each-way.
        ("single 10/1 L 10 --each-way 1/5 --places P", "30"),
        ("single 10/1 W 10 --each-way 1/5 --places W", "140"),
        ("single 7/4 W 10 --each-way 1/5 --places P", "41"),
        (
            "single 7/4 W 10 --each-way 1/5 --places P --rule4 35",
            "33.65",
        ),
        // Dead heats.
        ("single 2.5 DH2 50", "62.5"),
        ("single 3.0 DH3/6 50", "75"),
        ("single 16/1 L 20 --each-way 1/4 --places DH2", "50"),
        ("single 10/1 DH2 10", "55"),
        // Deductions.
        ("single 8/1 W 10 --rule4 25", "70"),
        ("single 8/1 DH2 10 --rule4 25", "35"),
        ("double 8/1,2 W,W 10 --rule4 25,0", "140"),
        ("single 8/1 W 10 --withdrawn 3/1@5", "70"),
        ("single 8/1 W 10 --withdrawn 3/1@5 --struck-at 5", "90"),
        // Between two withdrawals only the second counts.
        (
            "single 8/1 W 10 --withdrawn 3/1@5,6/1@10 --struck-at 7",
            "82",
        ),
        ("system 2,2,2 W,W,W 1 --sizes 1,3", "14"),
        ("lucky15 2.5,3,1.8,4.2 L,W,L,L 1 --rules 3", "5"),
        ("accumulator 1000,1000,1000 W,W,W 1 --rules 2", "500000"),
    ];

    fn line(case: &str) -> String {
        let mut words = case.splitn(5, ' ');
        let mut next = || words.next().unwrap_or_default();
        let (kind, prices, results, stake) = (next(), next(), next(), next());
        let more = next();
        format!(
            "calc settle --type {kind} --prices {prices} --results {results} --unit-stake {stake} {more}"
        )
    }

    #[test]
    fn published_payouts() {
        for (case, returned) in PUBLISHED {
            let answer: serde_json::Value =
                serde_json::from_str(&typed(&format!("{} --json", line(case)))).unwrap();
            assert_eq!(answer["return"], *returned, "{case}");
        }
    }

    #[test]
    fn the_json_is_exactly_this() {
        let case = line("lucky15 2.5,3,1.8,4.2 W,W,W,W 1");
        let expected =
            "{\"stake\":\"15\",\"return\":\"202.84\",\"exact\":\"5071/25\",\"lines\":15}\n";
        assert_eq!(typed(&format!("{case} --json")), expected);
    }

    #[test]
    fn each_way_doubles_lines_and_stake() {
        let case = line("lucky15 2,2,2,2 W,W,W,W 1 --each-way 1/4 --places W,P,W,P");
        let answer: serde_json::Value =
            serde_json::from_str(&typed(&format!("{case} --json"))).unwrap();
        assert_eq!(
            (&answer["stake"], &answer["lines"]),
            (&"30".into(), &30.into())
        );
    }

    #[test]
    fn people_read_amounts_with_their_currency() {
        let text = typed(&line("trixie 2.5,3,1.8 W,V,W 1 --currency JPY"));
        assert_eq!(
            text,
            "stake   4 JPY  (4 lines)\nreturn  13 JPY  (exactly 133/10)\nprofit  9 JPY\n"
        );
    }

    #[test]
    fn what_does_not_fit_names_the_argument() {
        for (case, named) in [
            ("yankees 2 W 1", "--type"),
            ("single 0.9 W 1", "--prices"),
            ("single 1/0 W 1", "--prices"),
            ("single 2,3 W,W 1", "--prices"),
            ("double 2,3 W 1", "--results"),
            ("single 2 X 1", "--results"),
            ("single 2 DH0 1", "--results"),
            ("single 2 W -1", "--unit-stake"),
            ("single 2 W 0", "--unit-stake"),
            ("single 2 W 0.001", "--unit-stake"),
            ("single 2 W ten", "--unit-stake"),
            ("single 2 W 1 --currency XXX", "--currency"),
            ("single 2 W 1 --each-way 1/5", "--places"),
            ("single 2 W 1 --each-way 6/5 --places P", "--each-way"),
            ("single 2 W 1 --each-way 1/5 --places P,P", "--places"),
            ("single 2 W 1 --places P", "--each-way"),
            ("single 2 W 1 --rule4 91", "--rule4"),
            ("double 2,2 W,W 1 --rule4 -5", "--rule4"),
            ("treble 2,2,2 W,W,W 1 --rule4 5,5", "--rule4"),
            ("trixie 2,2,2 W,W,W 1 --sizes 2", "--sizes"),
            ("system 2,2,2 W,W,W 1", "--sizes"),
            ("system 2,2,2 W,W,W 1 --sizes 4", "--sizes"),
            ("single 2 W 1 --rules 99", "--rules"),
            ("single 2 W 1 --withdrawn 3/1", "--withdrawn"),
            ("single 2 W 1 --withdrawn 3/1@5 --rule4 5", "--withdrawn"),
        ] {
            let message = refused(&line(case));
            assert!(message.contains(named), "{case}: {message}");
        }
    }

    #[test]
    fn a_wrong_type_tells_the_known_ones() {
        let message = refused(&line("yankees 2 W 1"));
        assert!(message.contains("super-heinz"), "{message}");
    }
}
