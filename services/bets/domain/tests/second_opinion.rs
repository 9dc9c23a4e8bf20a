//! Settlement worked out a second time, slowly, and compared on random slips.
//!
//! Every line is listed and every unit of stake is followed by itself: a leg cuts a stake into
//! pieces, each of which is lost, handed on, or multiplied. Nothing of the production arithmetic is
//! used but the names of results; tables of house rules are written out anew as people read them.
//!
//! `FURLONG_RANDOM_SLIPS=1000000` sets the number of slips (20,000 without), shows progress on
//! stderr and runs from the seed in `FURLONG_SEED` (another number, other slips).

use bets_domain::settlement::{
    BetType, LegResult, Placing, SettledLeg, SettlementRules, Sizes, SlipTerms, Withdrawal,
};
use kernel::{Currency, Money, Price};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

type Q = BigRational;

fn q(over: i64, under: i64) -> Q {
    Q::new(over.into(), under.into())
}

/// SplitMix64: the slips of a seed are the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }
}

/// How a runner's day went, before anybody speaks of bets.
#[derive(Clone, Debug)]
enum Fate {
    /// It came in at this place with so many others beside it.
    CameIn { place: u16, tied: u16 },
    /// Of a market that is no race: won, lost, half won, half lost, void.
    Plain(LegResult),
}

#[derive(Clone, Debug)]
struct Leg {
    price: Price,
    struck_at: u64,
    fate: Fate,
    runners: u16,
    handicap: bool,
    withdrawals: Vec<Withdrawal>,
}

#[derive(Clone, Debug)]
struct Slip {
    bet_type: BetType,
    sizes: Vec<usize>,
    each_way: bool,
    rules: u32,
    unit_minor: i64,
    legs: Vec<Leg>,
}

const KINDS: [(BetType, usize, usize); 19] = [
    (BetType::Single, 1, 1),
    (BetType::Double, 2, 2),
    (BetType::Treble, 3, 3),
    (BetType::Accumulator, 1, 7),
    (BetType::Trixie, 3, 2),
    (BetType::Patent, 3, 1),
    (BetType::Yankee, 4, 2),
    (BetType::Lucky15, 4, 1),
    (BetType::Canadian, 5, 2),
    (BetType::Lucky31, 5, 1),
    (BetType::Heinz, 6, 2),
    (BetType::Lucky63, 6, 1),
    (BetType::SuperHeinz, 7, 2),
    (BetType::Lucky127, 7, 1),
    (BetType::Goliath, 8, 2),
    (BetType::Lucky255, 8, 1),
    (BetType::Block, 9, 2),
    (BetType::Lucky511, 9, 1),
    (BetType::System, 2, 8),
];

fn any_price(dice: &mut Dice) -> Price {
    let (over, under) = match dice.below(4) {
        0 => (dice.between(101, 400), 100),
        1 => (dice.between(101, 3_000), 100),
        2 => {
            let under = dice.between(1, 40);
            (under + dice.between(1, 200), under)
        }
        _ => (dice.between(1_000_001, 9_999_999), 1_000_000),
    };
    Price::ratio(over as i64, under as i64).unwrap()
}

fn any_leg(dice: &mut Dice, race: bool) -> Leg {
    let runners = dice.between(2, 20) as u16;
    let fate = if race && dice.below(8) > 0 {
        let place = dice.between(1, 7) as u16;
        let tied = [1, 1, 1, 2, 3, 4][dice.below(6) as usize];
        Fate::CameIn { place, tied }
    } else if race {
        Fate::Plain(LegResult::Void)
    } else {
        Fate::Plain(match dice.below(12) {
            0..=4 => LegResult::Won,
            5 | 6 => LegResult::Lost,
            7 => LegResult::Void,
            8 => LegResult::HalfWon,
            9 => LegResult::HalfLost,
            _ => LegResult::DeadHeat {
                places: dice.between(1, 4) as u16,
                tied: dice.between(1, 6) as u16,
            },
        })
    };
    let gone = if race { dice.below(4) } else { 0 };
    Leg {
        price: any_price(dice),
        struck_at: dice.below(10),
        fate,
        runners,
        handicap: dice.below(2) == 0,
        withdrawals: (0..gone)
            .map(|_| Withdrawal {
                at: dice.below(12),
                price: any_price(dice),
            })
            .collect(),
    }
}

fn any_slip(dice: &mut Dice) -> Slip {
    let (bet_type, count, smallest) = KINDS[dice.below(19) as usize];
    let each_way = dice.below(3) == 0;
    let race = each_way || dice.below(3) == 0;
    let (legs, sizes) = match bet_type {
        BetType::Accumulator => {
            let legs = dice.between(1, 7) as usize;
            (legs, vec![legs])
        }
        BetType::System => {
            let legs = dice.between(2, 8) as usize;
            let mut sizes: Vec<usize> = (1..=legs).filter(|_| dice.below(3) == 0).collect();
            if sizes.is_empty() {
                sizes.push(dice.between(1, legs as u64) as usize);
            }
            (legs, sizes)
        }
        _ => (count, (smallest..=count).collect()),
    };
    Slip {
        bet_type,
        sizes,
        each_way,
        rules: dice.between(1, 4) as u32,
        unit_minor: dice.between(1, 20_000) as i64,
        legs: (0..legs).map(|_| any_leg(dice, race)).collect(),
    }
}

// ---- the second opinion ----------------------------------------------------------------------

/// What becomes of one unit of stake on a leg: pieces of it, and what each is multiplied by.
type Pieces = Vec<(Q, Q)>;

fn decimal(price: Price) -> Q {
    q(price.numerator(), price.denominator())
}

/// The scale as it is printed: the longest price of each row, in fractional odds.
fn pence(price: Price) -> i64 {
    let odds = decimal(price) - Q::one();
    // Reading from the longest odds down, the first row whose shortest price is not longer.
    for (over, under, pence) in [
        (10, 1, 5),
        (6, 1, 10),
        (9, 2, 15),
        (10, 3, 20),
        (5, 2, 25),
        (15, 8, 30),
        (13, 8, 35),
        (5, 4, 40),
        (1, 1, 45),
        (5, 6, 50),
        (4, 6, 55),
        (4, 7, 60),
        (4, 9, 65),
        (1, 3, 70),
        (2, 7, 75),
        (1, 5, 80),
        (2, 17, 85),
    ] {
        if odds > q(14, 1) {
            return 0;
        }
        if odds >= q(over, under) {
            return pence;
        }
    }
    90
}

fn deducted(leg: &Leg, rules: u32) -> i64 {
    let mut total = 0;
    for gone in &leg.withdrawals {
        if leg.struck_at < gone.at {
            total += pence(gone.price);
        }
    }
    let most = if rules == 4 { 75 } else { 90 };
    if rules == 3 && total == 5 {
        return 0;
    }
    total.min(most)
}

/// A winner's multiplier, when only a part of the winnings is paid.
fn multiplier(leg: &Leg, part: &Q, rules: u32) -> Q {
    let winnings = (decimal(leg.price) - Q::one()) * part;
    let kept = &winnings - &winnings * q(deducted(leg, rules), 100);
    kept + Q::one()
}

/// `tied` runners share the places from `place` on; each gets its equal piece of those that pay.
fn shared(place: u16, tied: u16, paid: u16, multiplier: &Q) -> Pieces {
    let piece = q(1, i64::from(tied));
    (place..place + tied)
        .map(|at| {
            if at <= paid {
                (piece.clone(), multiplier.clone())
            } else {
                (piece.clone(), Q::zero())
            }
        })
        .collect()
}

fn win_pieces(leg: &Leg, rules: u32) -> Pieces {
    let multiplier = multiplier(leg, &Q::one(), rules);
    let half = || q(1, 2);
    match leg.fate {
        Fate::CameIn { place, tied } => shared(place, tied, 1, &multiplier),
        Fate::Plain(LegResult::Won) => vec![(Q::one(), multiplier)],
        Fate::Plain(LegResult::Lost) => vec![(Q::one(), Q::zero())],
        Fate::Plain(LegResult::Void) => vec![(Q::one(), Q::one())],
        Fate::Plain(LegResult::HalfWon) => vec![(half(), multiplier), (half(), Q::one())],
        Fate::Plain(LegResult::HalfLost) => vec![(half(), Q::zero()), (half(), Q::one())],
        Fate::Plain(LegResult::DeadHeat { places, tied }) => shared(1, tied, places, &multiplier),
    }
}

fn place_pieces(leg: &Leg, rules: u32) -> Pieces {
    let (places, part) = match (leg.runners, leg.handicap) {
        (0..=4, _) => {
            return match (rules, &leg.fate) {
                (4, _) => win_pieces(leg, rules),
                _ => vec![(Q::one(), Q::one())],
            };
        }
        (5..=7, _) => (2, q(1, 4)),
        (12..=15, true) => (3, q(1, 4)),
        (16.., true) => (4, q(1, 4)),
        (8.., _) => (3, q(1, 5)),
    };
    match leg.fate {
        Fate::CameIn { place, tied } => shared(place, tied, places, &multiplier(leg, &part, rules)),
        Fate::Plain(_) => vec![(Q::one(), Q::one())],
    }
}

/// One line of these legs: every way in which a unit goes through the pieces of each.
fn line(legs: &[&Pieces]) -> Q {
    match legs.split_first() {
        None => Q::one(),
        Some((first, rest)) => {
            let behind = line(rest);
            let through = |(piece, times): &(Q, Q)| piece * times * &behind;
            first.iter().map(through).fold(Q::zero(), |a, b| a + b)
        }
    }
}

fn all_lines(pieces: &[Pieces], sizes: &[usize]) -> (Q, u64) {
    let (mut sum, mut count) = (Q::zero(), 0);
    for mask in 0_u32..1 << pieces.len() {
        if sizes.contains(&(mask.count_ones() as usize)) {
            let legs: Vec<&Pieces> = (0..pieces.len())
                .filter(|at| mask >> at & 1 == 1)
                .map(|at| &pieces[at])
                .collect();
            sum += line(&legs);
            count += 1;
        }
    }
    (sum, count)
}

fn bonus(slip: &Slip, win: &Q, lines: u64) -> Q {
    let percent = match (slip.rules, slip.bet_type) {
        (3, BetType::Lucky15) => 10,
        (3, BetType::Lucky31) => 15,
        (3, BetType::Lucky63) => 25,
        _ => return Q::zero(),
    };
    let outright = |leg: &&Leg| {
        matches!(
            leg.fate,
            Fate::Plain(LegResult::Won) | Fate::CameIn { place: 1, tied: 1 }
        )
    };
    let lost = |leg: &&Leg| match leg.fate {
        Fate::Plain(result) => result == LegResult::Lost,
        Fate::CameIn { place, .. } => place > 1,
    };
    let winners: Vec<&Leg> = slip.legs.iter().filter(outright).collect();
    let losers = slip.legs.iter().filter(lost).count();
    if winners.len() == slip.legs.len() {
        return (win - q(lines as i64, 1)) * q(percent, 100);
    }
    match winners[..] {
        [only] if losers + 1 == slip.legs.len() => {
            multiplier(only, &Q::one(), slip.rules) - Q::one()
        }
        _ => Q::zero(),
    }
}

/// Lines, exact return in minor units, and what is paid.
fn second_opinion(slip: &Slip) -> (u64, Q, i64) {
    let win: Vec<Pieces> = slip
        .legs
        .iter()
        .map(|leg| win_pieces(leg, slip.rules))
        .collect();
    let (win, mut lines) = all_lines(&win, &slip.sizes);
    let mut total = &win + bonus(slip, &win, lines);
    if slip.each_way {
        let place: Vec<Pieces> = slip
            .legs
            .iter()
            .map(|leg| place_pieces(leg, slip.rules))
            .collect();
        total += all_lines(&place, &slip.sizes).0;
        lines *= 2;
    }
    let exact = total * q(slip.unit_minor, 1);
    let whole = exact.trunc();
    let rest = &exact - &whole;
    let mut paid = whole.to_integer();
    let odd = (&paid % BigInt::from(2)).abs().is_one();
    if slip.rules != 4 && (rest > q(1, 2) || rest == q(1, 2) && odd) {
        paid += 1;
    }
    if slip.rules != 1 && paid > BigInt::from(50_000_000) {
        paid = BigInt::from(50_000_000);
    }
    (lines, exact, paid.to_i64().unwrap_or(i64::MAX))
}

// ---- what is compared ------------------------------------------------------------------------

fn settled(leg: &Leg, each_way: bool, rules: &SettlementRules) -> SettledLeg {
    let placing = match leg.fate {
        Fate::CameIn { place, tied } => Some(Placing { place, tied }),
        Fate::Plain(_) => None,
    };
    let result = match (leg.fate.clone(), placing) {
        (_, Some(placing)) => placing.among_first(1),
        (Fate::Plain(result), None) => result,
        (Fate::CameIn { .. }, None) => unreachable!(),
    };
    let place = each_way.then(|| {
        let terms = rules.each_way_terms(leg.runners, leg.handicap);
        rules.place_part(terms, result, placing)
    });
    SettledLeg {
        price: leg.price,
        result,
        place,
        deduction: rules.deduction(leg.struck_at, &leg.withdrawals),
    }
}

fn compare(slip: &Slip) {
    let rules = SettlementRules::version(slip.rules).unwrap();
    let terms = SlipTerms {
        bet_type: slip.bet_type,
        sizes: (slip.bet_type == BetType::System)
            .then(|| Sizes::listed(slip.sizes.iter().copied()).unwrap()),
        each_way: slip.each_way,
        rules,
    };
    let legs: Vec<SettledLeg> = slip
        .legs
        .iter()
        .map(|leg| settled(leg, slip.each_way, rules))
        .collect();
    let unit = Money::from_minor(slip.unit_minor, Currency::Eur);
    let (lines, exact, paid) = second_opinion(slip);
    match terms.settle(unit, &legs) {
        Ok(payout) => {
            assert_eq!(payout.lines, lines, "{slip:?}");
            assert_eq!(
                payout.stake.minor(),
                slip.unit_minor * lines as i64,
                "{slip:?}"
            );
            assert_eq!(payout.exact * q(100, 1), exact, "{slip:?}");
            assert_eq!(payout.returned.minor(), paid, "{slip:?}");
        }
        // Only without a cap can a return be more than an amount holds.
        Err(_) => assert!(slip.rules == 1 && paid == i64::MAX, "{slip:?}"),
    }
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn a_naive_settlement_agrees_on_random_slips() {
    let wanted = asked("FURLONG_RANDOM_SLIPS");
    let count = wanted.unwrap_or(20_000);
    let seed = asked("FURLONG_SEED").unwrap_or(15);
    let mut dice = Dice(seed);
    for number in 1..=count {
        compare(&any_slip(&mut dice));
        if wanted.is_some() && number % 10_000 == 0 {
            eprintln!("{number} of {count} slips agree (seed {seed})");
        }
    }
}

/// The dice come by everything that settlement distinguishes.
#[test]
fn random_slips_are_of_every_kind() {
    let mut dice = Dice(1);
    let slips: Vec<Slip> = (0..5_000).map(|_| any_slip(&mut dice)).collect();
    for (bet_type, _, _) in KINDS {
        assert!(
            slips
                .iter()
                .any(|slip| slip.bet_type == bet_type && slip.each_way)
        );
        assert!(
            slips
                .iter()
                .any(|slip| slip.bet_type == bet_type && !slip.each_way)
        );
    }
    let count = |wanted: &dyn Fn(&Slip) -> bool| slips.iter().filter(|slip| wanted(slip)).count();
    assert!(
        count(&|slip| second_opinion(slip).2 == 50_000_000) > 20,
        "capped"
    );
    assert!(count(&|slip| slip.legs.iter().any(|leg| deducted(leg, 1) == 90)) > 50);
    let both = |leg: &Leg| {
        let later = leg
            .withdrawals
            .iter()
            .filter(|gone| gone.at > leg.struck_at);
        leg.withdrawals.len() == 2 && later.count() == 1
    };
    assert!(
        count(&|slip| slip.legs.iter().any(both)) > 200,
        "between two withdrawals"
    );
    let bonused = |slip: &Slip| {
        let pieces: Vec<Pieces> = slip.legs.iter().map(|leg| win_pieces(leg, 3)).collect();
        let (win, lines) = all_lines(&pieces, &slip.sizes);
        !bonus(slip, &win, lines).is_zero()
    };
    let lucky = |slip: &Slip| matches!(slip.bet_type, BetType::Lucky15) && bonused(slip);
    assert!(count(&lucky) >= 1, "bonuses");
}

#[test]
fn every_version_of_the_rules_is_written_out_here() {
    let known: Vec<u32> = SettlementRules::ALL
        .iter()
        .map(|rules| rules.version)
        .collect();
    assert_eq!(
        known,
        [1, 2, 3, 4],
        "a new version needs its own words in this file"
    );
}
